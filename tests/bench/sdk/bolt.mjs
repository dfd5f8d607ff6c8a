// Slack's SDK as its own documentation starts it, in one process: answers the slash command /whether, either with a constant or
// with the name of what node-nlp takes the question for.
//
// usage: node bolt.mjs MODULES SECRET [MODEL [entities]]      MODULES holds node_modules; MODEL is train.mjs's
// Prints its port when it listens. Ends with its standard input.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { manager } from "./intents.mjs";

const [modules, signingSecret, model, entities] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(modules), "package.json"));
const { App, HTTPReceiver, LogLevel } = require("@slack/bolt");

const receiver = new HTTPReceiver({ signingSecret, endpoints: ["/slack/commands"], logLevel: LogLevel.ERROR });
const app = new App({
  receiver,
  logLevel: LogLevel.ERROR,
  // In place of Slack's auth.test: no request leaves the machine.
  authorize: async () => ({ botToken: "xoxb-bench", botId: "B0BENCH", botUserId: "U0BENCH" }),
});

if (model) {
  const nlp = manager(modules, entities === "entities");
  nlp.import(readFileSync(model, "utf8"));
  app.command("/whether", async ({ command, ack }) => ack((await nlp.process("en", command.text)).intent));
} else {
  app.command("/whether", async ({ ack }) => ack("Node, if it is live; Django, if it is forms."));
}

const server = await app.start({ port: 0, host: "127.0.0.1" });
console.log(server.address().port);
process.stdin.on("end", () => process.exit(0)).resume();
