// The comment in the pull request, through GitHub's REST API.

const perPage = 100;

/**
 * Creates the comment, or updates the one that an earlier run wrote.
 *
 * @param url the API's address of the repository
 * @param user the API's address of the user that the token belongs to
 * @param marker the first line of the comment
 * @param onlyUpdate true: writes nothing if there is no comment yet
 * @returns why it was not written; undefined if it was
 */
export async function updateComment({ url, user, number, token, marker, onlyUpdate, text }) {
  if (token === "") return "The comment was not written, because the input token is empty.";
  const request = requestWith(token);
  try {
    const old = await findComment(request, url, user, number, marker);
    if (old?.body === text) return undefined;
    if (old !== undefined)
      await request("PATCH", `${url}/issues/comments/${old.id}`, { body: text });
    else if (!onlyUpdate) await request("POST", `${url}/issues/${number}/comments`, { body: text });
    return undefined;
  } catch (error) {
    if (error.status === 401 || error.status === 403 || error.status === 404)
      return "The comment was not written: the token may not write to pull requests. To allow it, add to the job:\npermissions:\n  contents: read\n  pull-requests: write";
    return `The comment was not written: ${error.cause?.message ?? error.message}`;
  }
}

async function findComment(request, url, user, number, marker) {
  for (let page = 1; ; page += 1) {
    const comments = await request(
      "GET",
      `${url}/issues/${number}/comments?per_page=${perPage}&page=${page}`,
    );
    for (const comment of comments)
      if (comment.body?.startsWith(marker) && (await isOwn(request, user, comment))) return comment;
    if (comments.length < perPage) return undefined;
  }
}

/** A person could have copied the marker, and could edit that comment later. */
async function isOwn(request, user, comment) {
  if (comment.user?.type === "Bot") return true;
  const own = await request("GET", user).catch(() => undefined);
  return own !== undefined && own.login === comment.user?.login;
}

function requestWith(token) {
  return async (method, url, body) => {
    const response = await fetch(url, {
      method,
      headers: {
        accept: "application/vnd.github+json",
        authorization: `Bearer ${token}`,
        "x-github-api-version": "2022-11-28",
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    if (response.ok) return response.json();
    const reason = (await response.text()).slice(0, 300);
    throw Object.assign(new Error(`${method} ${url}: ${response.status} ${reason}`), {
      status: response.status,
    });
  };
}
