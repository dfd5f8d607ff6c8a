// The API as strangers see it: docs/openapi.json is valid OpenAPI 3.1, every answer of a running `whether run` is as it
// says (ajv), and the MCP endpoint serves the protocol's own client (@modelcontextprotocol/sdk).
//
// usage: node api.mjs MODULES URL TOKEN OPENAPI.json      prints TAP
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const [modules, url, token, file] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(modules), "package.json"));
const Ajv = require("ajv/dist/2020.js").default;
const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
const { StreamableHTTPClientTransport } = require("@modelcontextprotocol/sdk/client/streamableHttp.js");
const { Validator } = await import(require.resolve("@seriousme/openapi-schema-validator"));

const document = JSON.parse(readFileSync(file, "utf8"));
const QUESTION = "Node or Django for a live auction board? The frontend is React.";
const FACT = "real-time";
const JSON_TYPE = { "Content-Type": "application/json" };
const AUTHORIZED = { ...JSON_TYPE, Authorization: `Bearer ${token}` };

const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema(document, "api");
const seen = new Set();

// Follows "#/..." so that responses which are shared are found, too.
function at(pointer) {
  return pointer.split("/").slice(1).reduce((value, key) => value[key.replaceAll("~1", "/").replaceAll("~0", "~")], document);
}
function escaped(key) {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

// The response as JSON or text, after it was found to be one that the document describes.
async function call(method, where, { headers = AUTHORIZED, body } = {}) {
  const response = await fetch(url + where, { method, headers, body: typeof body === "object" ? JSON.stringify(body) : body });
  const text = await response.text();
  const operation = `#/paths/${escaped(where.split("?")[0])}/${method.toLowerCase()}`;
  let pointer = `${operation}/responses/${response.status}`;
  assert.ok(at(operation).responses[response.status], `${method} ${where}: ${response.status} is not described: ${text}`);
  pointer = at(pointer).$ref ?? pointer;
  seen.add(`${method} ${where.split("?")[0]} ${response.status}`);
  if (!at(pointer).content) {
    assert.equal(text, "");
    return { status: response.status };
  }
  const type = response.headers.get("content-type").split(";")[0];
  assert.ok(at(pointer).content[type], `${method} ${where}: ${type} is not described`);
  const value = type === "application/json" ? JSON.parse(text) : text;
  const valid = ajv.compile({ $ref: `api${pointer}/content/${escaped(type)}/schema` });
  assert.ok(valid(value), `${method} ${where}: ${ajv.errorsText(valid.errors)}: ${text}`);
  return { status: response.status, value };
}

function isQuestion(value) {
  return ajv.compile({ $ref: "api#/components/schemas/Question" })(value);
}

async function withClient(work) {
  const client = new Client({ name: "whether-tests", version: "1" });
  const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
    requestInit: { headers: { Authorization: `Bearer ${token}` } },
  });
  await client.connect(transport);
  try {
    await work(client);
  } finally {
    await client.close();
  }
}

const cases = {
  async "the document is OpenAPI 3.1"() {
    const validator = new Validator();
    const result = await validator.validate(structuredClone(document));
    assert.ok(result.valid, JSON.stringify(result.errors));
    assert.equal(validator.version, "3.1");
  },
  async "the program gives the document"() {
    const { value } = await call("GET", "/api/openapi.json", { headers: {} });
    assert.deepEqual(value, document);
  },
  async "outcomes of every kind are as described"() {
    const kinds = new Set();
    for (const text of [QUESTION, "Node or Django?", "Node or Django? We write Python, the frontend is React.", "hello",
                        "who are you?", "Is Django good at forms?", "Rust or Go for a compiler?", "REST or GraphQL?", "\u{1F600}", ""]) {
      const { value } = await call("POST", "/api/ask", { body: { text, id: "7" } });
      assert.equal(value.id, "7");
      kinds.add(value.kind);
    }
    assert.ok(kinds.size >= 5, [...kinds].join(" "));
  },
  async "a conversation goes on"() {
    const ask = async (text) => (await call("POST", "/api/ask", { body: { text, conversation: "c1" } })).value;
    const first = await ask(QUESTION);
    assert.ok(first.reasons.length >= 2 && first.flips.length > 0 && first.confidence);
    assert.equal((await ask("why?")).kind, "facts");
    const changed = await ask("It is Vue, not React.");
    assert.ok(changed.denied.length > 0);
  },
  async "facts are set by id, and taken back"() {
    const set = async (facts, text = "") => (await call("POST", "/api/ask", { body: { text, facts, conversation: "c2" } })).value;
    const first = await set({ [FACT]: true }, "Node or Django for a small site?");
    assert.ok(first.situations.includes(FACT) && first.verdict === "node", JSON.stringify(first));
    const denied = await set({ [FACT]: false, "python-team": true });
    assert.ok(denied.denied.includes(FACT) && denied.verdict === "django", JSON.stringify(denied));
    const both = await set({ [FACT]: true });
    assert.equal(both.verdict, "depends");
    assert.equal((await set({ [FACT]: "most" })).verdict, "node");
    const open = await set({ [FACT]: null, "python-team": null });
    assert.ok(!open.situations.length && !open.denied.length && open.verdict === "ask", JSON.stringify(open));
    // Words and facts at once: the words are read first. Facts alone, in a conversation of their own: the main decision.
    assert.equal((await set({ [FACT]: false }, "There are live bids over websockets.")).denied.includes(FACT), true);
    const alone = (await call("POST", "/api/ask", { body: { text: "", facts: { [FACT]: true } } })).value;
    assert.equal(alone.verdict, "node");
    const told = await set({ [FACT]: true }, "why?");
    assert.equal(told.kind, "verdict");
    assert.equal((await call("POST", "/api/ask", { body: { text: "", facts: { nothing: true } } })).status, 400);
  },
  async "what the document calls no question is refused, and the other way round"() {
    const bodies = [{ text: "a" }, { text: "a", conversation: null, pack: null, id: null }, {}, { text: 7 }, { text: null },
                    { text: "a", id: "" }, { text: "a", id: "x".repeat(101) }, { text: "a", conversation: "x".repeat(201) },
                    { text: "a", more: 1 }, { facts: {} }, { text: "a", facts: null },
                    { text: "a", facts: [] }, { text: "a", facts: { [FACT]: "yes" } }, { text: "a", facts: { [FACT]: 1 } }, { text: "a", id: 7 }, { text: "a", id: "x".repeat(100) }, []];
    for (const body of bodies) {
      const { status } = await call("POST", "/api/ask", { body });
      assert.equal(status, isQuestion(body) ? 200 : 400, JSON.stringify(body));
    }
    assert.equal((await call("POST", "/api/ask", { body: "{" })).status, 400);
    assert.equal((await call("POST", "/api/ask", { body: { text: "a", pack: "none" } })).status, 400);
  },
  async "refusals are as described"() {
    assert.equal((await call("POST", "/api/ask", { headers: JSON_TYPE, body: {} })).status, 401);
    assert.equal((await call("POST", "/api/ask", { headers: { Authorization: AUTHORIZED.Authorization }, body: "{}" })).status, 415);
    const large = JSON.stringify({ text: "x".repeat(1024 * 1024) });
    assert.equal((await call("POST", "/api/ask", { body: large })).status, 413);
    assert.equal((await call("POST", "/mcp", { headers: JSON_TYPE, body: {} })).status, 401);
    assert.equal((await call("GET", "/readyz?adapter=none")).status, 404);
  },
  async "watchers' answers are as described"() {
    for (const where of ["/healthz", "/readyz", "/readyz?adapter=api", "/metrics"]) {
      assert.equal((await call("GET", where, { headers: {} })).status, 200);
    }
  },
  async "MCP: messages are as described"() {
    const rpc = (method, params) => call("POST", "/mcp", { body: { jsonrpc: "2.0", id: 1, method, params } });
    assert.ok((await rpc("ping")).value.result);
    assert.equal((await rpc("nothing")).value.error.code, -32601);
    assert.equal((await call("POST", "/mcp", { body: { jsonrpc: "2.0", method: "notifications/initialized" } })).status, 202);
    assert.equal((await call("POST", "/mcp", { body: "[]" })).status, 400);
    const arguments_ = { text: QUESTION };
    const { value } = await rpc("tools/call", { name: "ask", arguments: arguments_ });
    const outcome = ajv.compile({ $ref: "api#/components/schemas/Outcome" });
    assert.ok(outcome(value.result.structuredContent), ajv.errorsText(outcome.errors));
    assert.deepEqual(value.result.structuredContent, (await call("POST", "/api/ask", { body: arguments_ })).value);
  },
  async "MCP: the protocol's own client lists and calls the tool"() {
    await withClient(async (client) => {
      assert.equal(client.getServerVersion().name, "whether");
      assert.ok(client.getInstructions().length > 0);
      await client.ping();
      const { tools } = await client.listTools();
      assert.equal(tools.length, 1);
      assert.ok(tools[0].description.includes("node-or-django") && tools[0].outputSchema);
      // It checks structured content against the tool's output schema.
      const result = await client.callTool({ name: tools[0].name, arguments: { text: QUESTION, conversation: "mcp" } });
      assert.ok(!result.isError && result.structuredContent.reasons.length >= 2);
      assert.equal(result.content[0].text, result.structuredContent.text);
      const next = await client.callTool({ name: "ask", arguments: { text: "why?", conversation: "mcp" } });
      assert.equal(next.structuredContent.kind, "facts");
      const wrong = await client.callTool({ name: "ask", arguments: { text: "a", pack: "none" } });
      assert.ok(wrong.isError && wrong.content[0].text.includes("none"));
      await assert.rejects(client.callTool({ name: "other", arguments: {} }));
    });
  },
  async "every described answer that can be had was had"() {
    // Not here: 403 (needs a server without token), 408, 429, 503 (unit tests make them), GET /mcp.
    for (const one of ["POST /api/ask 200", "POST /api/ask 400", "POST /api/ask 401", "POST /api/ask 413", "POST /api/ask 415",
                       "POST /mcp 200", "POST /mcp 202", "POST /mcp 400", "POST /mcp 401", "GET /readyz 200", "GET /readyz 404"]) {
      assert.ok(seen.has(one), one);
    }
  },
};

console.log(`1..${Object.keys(cases).length}`);
let number = 0, failed = 0;
for (const [name, work] of Object.entries(cases)) {
  number++;
  try {
    await work();
    console.log(`ok ${number} - ${name}`);
  } catch (error) {
    failed++;
    console.log(`not ok ${number} - ${name}\n` + String(error.stack).split("\n").map((line) => `# ${line}`).join("\n"));
  }
}
process.exit(failed ? 1 : 0);
