import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** A comment of a pull request, as GitHub's API returns it. */
interface Comment {
  readonly id: number;
  readonly user: { readonly login: string; readonly type: "Bot" | "User" };
  body: string;
}

/** A program that answers as GitHub's API does for the comments of one pull request, number 7 of acme/shop. */
export async function startGitHub(writes: "allowed" | "forbidden" = "allowed") {
  const comments: Comment[] = [];
  const requests: string[] = [];
  const add = (login: string, type: Comment["user"]["type"], body: string) => {
    const comment = { id: comments.length + 1, user: { login, type }, body };
    comments.push(comment);
    return comment;
  };
  const answer = async (request: IncomingMessage): Promise<[number, unknown]> => {
    const { method, url = "" } = request;
    requests.push(`${method} ${url}`);
    if (request.headers.authorization !== "Bearer token-of-the-job")
      return [401, { message: "Bad credentials" }];
    const { pathname, searchParams } = new URL(url, "http://github");
    const [, id] = /^\/repos\/acme\/shop\/issues\/comments\/(\d+)$/.exec(pathname) ?? [];
    const isList = pathname === "/repos/acme/shop/issues/7/comments";
    if (method === "GET" && isList) {
      const size = Number(searchParams.get("per_page") ?? 30);
      const first = (Number(searchParams.get("page") ?? 1) - 1) * size;
      return [200, comments.slice(first, first + size)];
    }
    const isWrite = (method === "POST" && isList) || (method === "PATCH" && id !== undefined);
    // The token of a workflow has no user.
    if (!isWrite || writes === "forbidden")
      return [403, { message: "Resource not accessible by integration" }];
    const { body } = (await documentOf(request)) as { body: string };
    if (body.length > 65_536) return [422, { message: "Body is too long" }];
    if (id === undefined) return [201, add("github-actions[bot]", "Bot", body)];
    const comment = comments.find((one) => one.id === Number(id));
    if (comment === undefined) return [404, { message: "Not Found" }];
    comment.body = body;
    return [200, comment];
  };
  const server = createServer((request, response) => {
    void answer(request).then(([status, document]) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(document));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, comments, requests, add };
}

async function documentOf(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return JSON.parse(text);
}
