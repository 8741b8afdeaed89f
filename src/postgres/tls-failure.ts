/** The driver's words for the server's two other answers to the question for TLS. */
const noTls = "The server does not support SSL connections";
const noAnswer = "There was an error establishing an SSL connection";

/** OpenSSL's reasons to refuse a certificate (Node, "X509 certificate error codes"), and failures of the handshake. */
const handshake =
  /^(CERT_|CRL_|UNABLE_TO_|ERROR_IN_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_|PATH_LENGTH_|ERR_SSL_|ERR_TLS_|ERR_OSSL_|EPROTO$)/;

/**
 * What to do about a connection that failed over TLS, or for want of it.
 *
 * @returns undefined when TLS has nothing to do with it
 */
export function tlsRemedyFor(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.message === noTls)
    return "Switch TLS on at the server; sslmode=prefer and sslmode=disable do without it.";
  if (/no encryption$|SSL off$/.test(error.message))
    return "The server may want TLS: add sslmode=verify-full, and sslrootcert if its authority is not a public one.";
  if (/client certificate/.test(error.message))
    return "Give the client's certificate: sslcert and sslkey, with an sslmode other than disable.";
  if (error.message === noAnswer)
    return "Does a PostgreSQL server answer at this port? sslmode=disable does without TLS.";
  const code: unknown = "code" in error ? error.code : undefined;
  if (typeof code !== "string" || !handshake.test(code)) return undefined;
  return certificateRemedyFor(code);
}

function certificateRemedyFor(code: string): string {
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return "Connect by a name that is in the server's certificate; sslmode=verify-ca does not look at the name.";
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID")
    return "Renew the server's certificate, or, if its authority's has expired, that of sslrootcert.";
  if (code.startsWith("ERR_") || code === "EPROTO")
    return "Check sslmode, sslrootcert, and, if the server asks for a client's certificate, sslcert and sslkey.";
  return "Set sslrootcert to the certificate of the authority that signed the server's; sslmode=require without it checks nothing.";
}
