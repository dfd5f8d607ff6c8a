// Trackers for tests: npm `emulate` as GitHub and as Linear, before each a proxy that makes trouble when told to,
// and independent signers of webhooks (@octokit/webhooks-methods, standardwebhooks).
//
// usage: node trackers.mjs MODULES PORT PORT     MODULES holds node_modules; the PORTs are free: emulate listens there
// Prints one line of JSON when ready: {"url", "github", "linear"}: the proxy (/github/..., /linear/...) and what is behind it.
//   POST /control/fault  {"path", "method", "kind": "status"|"drop"|"swallow"|"hold", "times", ...}: the next such requests
//   POST /control/seen   requests so far, in order
//   POST /control/free   lets go what "hold" holds
//   POST /control/sign   {"scheme": "octokit"|"standard", "secret", "body", "id", "timestamp"}: {"signature"}
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { stand } from "./stand.mjs";

const [modules, githubPort, linearPort] = [path.resolve(process.argv[2]), Number(process.argv[3]), Number(process.argv[4])];
const at = (file) => import(pathToFileURL(path.join(modules, "node_modules", file)));
const { createEmulator } = await at("emulate/dist/api.js");
const { sign } = await at("@octokit/webhooks-methods/dist-node/index.js");
const { Webhook } = createRequire(path.join(modules, "package.json"))("standardwebhooks");

const logins = ["ann", "bob", "whether-bot"];
const ports = { github: githubPort, linear: linearPort };
await createEmulator({
  service: "github",
  port: githubPort,
  seed: {
    tokens: Object.fromEntries([...logins, "acme"].map((login) => [`token-${login}`, { login, scopes: ["repo", "user", "admin:repo_hook"] }])),
    github: {
      users: [...logins, "acme"].map((login) => ({ login })),
      repos: [{ owner: "acme", name: "shop" }],
    },
  },
});
await createEmulator({
  service: "linear",
  port: linearPort,
  seed: {
    tokens: Object.fromEntries(logins.map((login) => [`lin_${login}`, { login: `${login}@example.org`, scopes: ["read", "write"] }])),
    linear: {
      users: logins.map((login) => ({ email: `${login}@example.org`, display_name: login, name: login, id: `user-${login}` })),
      teams: [{ key: "ENG", name: "Engineering" }],
    },
  },
});

const seen = [], faults = [];
let held = [];

const control = {
  fault: (body) => { faults.push({ times: 1, method: "POST", ...body }); return {}; },
  seen: () => ({ seen }),
  free: () => { held.forEach((go) => go()); held = []; return {}; },
  sign: async ({ scheme, secret, body, id, timestamp }) => ({
    signature: scheme === "octokit" ? await sign(secret, body)
      : new Webhook(secret).sign(id, new Date(timestamp * 1000), body),
  }),
};

function takeFault(method, target) {
  const at = faults.findIndex((fault) => fault.method === method && target.includes(fault.path));
  if (at < 0) return null;
  const fault = faults[at];
  if (--fault.times <= 0) faults.splice(at, 1);
  return fault;
}

async function handle(request, response, body) {
  const [, head, ...rest] = request.url.split("/");
  const target = `/${rest.join("/")}`;
  seen.push({ service: head, method: request.method, path: target, body, headers: request.headers });
  const fault = takeFault(request.method, target);
  if (fault?.kind === "status") {
    response.writeHead(fault.status, { "Content-Type": "application/json", ...fault.headers });
    response.end(fault.body ?? "{}");
    return;
  }
  if (fault?.kind === "drop") {
    response.destroy();
    return;
  }
  const headers = {};
  for (const name of ["authorization", "content-type", "accept", "user-agent"]) {
    if (request.headers[name]) headers[name] = request.headers[name];
  }
  const answer = await fetch(`http://127.0.0.1:${ports[head]}${target}`,
    { method: request.method, headers, body: request.method === "GET" ? undefined : body });
  const text = await answer.text();
  if (fault?.kind === "swallow") {
    response.destroy();
    return;
  }
  if (fault?.kind === "hold") await new Promise((resolve) => held.push(resolve));
  response.writeHead(answer.status, { "Content-Type": answer.headers.get("content-type") ?? "text/plain" });
  response.end(text);
}

stand(control, handle, (at) => ({
  url: `http://127.0.0.1:${at}`, github: `http://127.0.0.1:${githubPort}`, linear: `http://127.0.0.1:${linearPort}`,
}));
