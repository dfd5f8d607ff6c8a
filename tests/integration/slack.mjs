// A workspace for tests: npm `emulate` as Slack, between it and the bot a proxy that makes trouble when told
// to, and Slack's own check of signatures (@slack/bolt) as an oracle.
//
// usage: node slack.mjs MODULES PORT       MODULES holds node_modules; PORT is free: emulate listens there
// Prints one line of JSON when ready: {"url": ...}. Below url:
//   /api/METHOD          emulate's Web API
//   /response/NAME       a response_url; what is posted there is kept
//   /hook/...            emulate's incoming webhooks
//   POST /control/fault  {"method", "kind", "times", ...}: the next calls of that method fail
//   POST /control/events {"url", "secret"}: emulate's own event deliveries go there, signed as Slack signs
//   GET  /control/seen   calls and responses so far, in order
//   POST /control/oracle {"secret", "timestamp", "signature", "body"}: what bolt says
import { createHmac } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { stand } from "./stand.mjs";

const [modules, port] = [path.resolve(process.argv[2]), Number(process.argv[3])];
const dist = path.join(modules, "node_modules/emulate/dist");
const require = createRequire(path.join(modules, "package.json"));
const { isValidSlackRequest } = require("@slack/bolt/dist/receivers/verify-request.js");

// emulate's own module of Slack, which createEmulator() will load, too: its dispatcher is handed to register().
const slackFile = readdirSync(dist).find((name) =>
  name.endsWith(".js") && /^\s+slackPlugin$/m.test(readFileSync(path.join(dist, name), "utf8")));
const { slackPlugin, getSlackStore } = await import(pathToFileURL(path.join(dist, slackFile)));
let webhooks, store;
const register = slackPlugin.register;
slackPlugin.register = function (app, theStore, theWebhooks, ...rest) {
  [store, webhooks] = [theStore, theWebhooks];
  return register.call(this, app, theStore, theWebhooks, ...rest);
};
const { createEmulator } = await import(pathToFileURL(path.join(dist, "api.js")));
const emulator = await createEmulator({
  service: "slack",
  port,
  seed: {
    slack: {
      users: [{ name: "ann" }, { name: "bob" }],
      oauth_apps: [{ app_id: "A1", client_id: "1.1", client_secret: "x", name: "Whether", redirect_uris: [],
                     bot_id: "BBOT", bot_user_id: "UBOT", bot_name: "whether", scopes: ["chat:write"] }],
      tokens: [
        { token: "xoxb-bot", type: "bot", user_id: "UBOT", bot_id: "BBOT", app_id: "A1" },
        { token: "xoxp-ann", user: "ann" },
        { token: "xoxp-bob", user: "bob" },
      ],
    },
  },
});

const seen = [];      // {method, status, body} in the order of arrival
const faults = [];    // {method, kind, times, ...}
let events = null;    // {url, secret}
let eventNumber = 0;
const received = [];  // what emulate's deliveries were answered with

function sign(secret, timestamp, body) {
  return "v0=" + createHmac("sha256", secret).update(`v0:${timestamp}:${body}`).digest("hex");
}

// emulate delivers without Slack's envelope and signature: both are put around it here.
async function passOn(payload) {
  const body = JSON.stringify({ token: "x", team_id: "T000000001", api_app_id: "A1", ...payload,
                                event_id: `Ev${++eventNumber}`, event_time: Math.floor(Date.now() / 1000),
                                authorizations: [{ team_id: "T000000001", user_id: "UBOT", is_bot: true }] });
  const timestamp = String(Math.floor(Date.now() / 1000));
  const answer = await fetch(events.url, {
    method: "POST", body,
    headers: { "Content-Type": "application/json", "X-Slack-Request-Timestamp": timestamp,
               "X-Slack-Signature": sign(events.secret, timestamp, body) },
  }).catch((error) => ({ status: 0, error }));
  received.push({ status: answer.status, event: payload.event });
}

function takeFault(method) {
  const at = faults.findIndex((fault) => fault.method === method);
  if (at < 0) return null;
  const fault = faults[at];
  if (--fault.times <= 0) faults.splice(at, 1);
  return fault;
}

async function forward(request, target, body) {
  const headers = { "content-type": request.headers["content-type"] ?? "" };
  if (request.headers.authorization) headers.authorization = request.headers.authorization;
  const answer = await fetch(`http://127.0.0.1:${port}${target}`, { method: request.method, headers,
                                                                    body: request.method === "GET" ? undefined : body });
  return { status: answer.status, type: answer.headers.get("content-type") ?? "text/plain", text: await answer.text() };
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// What a fault does before and instead of emulate's answer. True: the request is dealt with.
async function makeTrouble(fault, request, response, target, body) {
  if (fault.kind === "status") {
    response.writeHead(fault.status, { "Content-Type": "application/json", ...fault.headers });
    response.end(fault.body ?? "");
    return true;
  }
  if (fault.kind === "error") {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ ok: false, error: fault.error }));
    return true;
  }
  if (fault.kind === "drop") {          // the request is lost on its way
    response.destroy();
    return true;
  }
  if (fault.kind === "swallow") {       // it arrives, the answer is lost
    await forward(request, target, body);
    response.destroy();
    return true;
  }
  if (fault.kind === "delay") {
    const answer = fault.after ? await forward(request, target, body) : null;
    await sleep(fault.ms);
    if (answer) {
      response.writeHead(answer.status, { "Content-Type": answer.type });
      response.end(answer.text);
      return true;
    }
  }
  return false;
}

const control = {
  fault: (body) => { faults.push({ times: 1, ...body }); return {}; },
  events: (body) => {
    events = body;
    webhooks.register({ url: `http://127.0.0.1:${server.address().port}/emulated`, events: ["*"], active: true,
                        owner: "slack" });
    return {};
  },
  seen: () => ({ seen, received }),
  forget: () => { seen.length = received.length = faults.length = 0; return {}; },
  oracle: (body) => ({
    valid: isValidSlackRequest({
      signingSecret: body.secret, body: body.body,
      headers: { "x-slack-signature": body.signature, "x-slack-request-timestamp": Number(body.timestamp) },
    }),
  }),
  users: () => ({ users: getSlackStore(store).users.all(), hooks: getSlackStore(store).incomingWebhooks.all() }),
};

async function handle(request, response, body) {
  const url = new URL(request.url, "http://x");
  if (url.pathname === "/emulated") {
    passOn(JSON.parse(body));           // not awaited: Slack's deliveries do not hold up its API
    response.end("{}");
    return;
  }
  const method = url.pathname.replace(/^\/api\//, "");
  const entry = { method, body, authorization: request.headers.authorization, at: Date.now() };
  seen.push(entry);
  const fault = takeFault(method);
  const target = url.pathname.replace(/^\/hook\//, "/services/");
  if (fault && await makeTrouble(fault, request, response, target, body)) {
    return;
  }
  const answer = url.pathname.startsWith("/response/") ? { status: 200, type: "text/plain", text: "ok" }
    : await forward(request, target, body);
  entry.status = answer.status;
  entry.answer = answer.text;
  response.writeHead(answer.status, { "Content-Type": answer.type });
  response.end(answer.text);
}

const server = stand(control, handle, (at) => ({ url: `http://127.0.0.1:${at}`, emulator: `http://127.0.0.1:${port}` }));
