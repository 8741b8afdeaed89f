/** The driver's messages for the server's two other answers to a request for TLS. */
const noTls = "The server does not support SSL connections";
const noAnswer = "There was an error establishing an SSL connection";

/** OpenSSL's codes for rejected certificates (Node, "X509 certificate error codes"), and for failed handshakes. */
const handshake =
  /^(CERT_|CRL_|UNABLE_TO_|ERROR_IN_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_|PATH_LENGTH_|ERR_SSL_|ERR_TLS_|ERR_OSSL_|EPROTO$)/;

/**
 * The remedy for a connection that failed because of TLS, or because it lacks TLS.
 *
 * @returns undefined if TLS is not the cause
 */
export function tlsRemedyFor(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.message === noTls)
    return "Enable TLS on the server, or connect without it: sslmode=prefer or sslmode=disable.";
  if (/no encryption$|SSL off$/.test(error.message))
    return "The server may require TLS. Add sslmode=verify-full, and sslrootcert if the server's certificate is not signed by a public authority.";
  if (/client certificate/.test(error.message))
    return "Set the client certificate: sslcert and sslkey, with an sslmode other than disable.";
  if (error.message === noAnswer)
    return "Check that a PostgreSQL server listens on this port. To connect without TLS, set sslmode=disable.";
  const code: unknown = "code" in error ? error.code : undefined;
  if (typeof code !== "string" || !handshake.test(code)) return undefined;
  return certificateRemedyFor(code);
}

function certificateRemedyFor(code: string): string {
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return "Connect with a host name that the server's certificate contains. To skip this check, set sslmode=verify-ca.";
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID")
    return "Renew the server's certificate. If the authority's certificate has expired, replace it in sslrootcert.";
  if (code.startsWith("ERR_") || code === "EPROTO")
    return "Check sslmode and sslrootcert and, if the server requires a client certificate, sslcert and sslkey.";
  return "Set sslrootcert to the certificate of the authority that signed the server's certificate. To accept any certificate, set sslmode=require without sslrootcert.";
}
