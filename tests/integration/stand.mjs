// What slack.mjs and trackers.mjs are: a server on a free port between a bot and an emulator, told what to do by its test under
// /control/NAME, and gone with it.
import http from "node:http";

// control: {NAME: async (body) => answer}, both JSON; handle: async (request, response, body) for all else. describe(port): what is
// printed, as a line of JSON, once it listens.
export function stand(control, handle, describe) {
  async function answer(request, response, body) {
    const order = control[request.url.replace(/^\/control\//, "")];
    if (!order || !request.url.startsWith("/control/")) return handle(request, response, body);
    const said = await order(body ? JSON.parse(body) : {});
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(JSON.stringify(said));
  }
  const server = http.createServer((request, response) => {
    const pieces = [];
    request.on("data", (piece) => pieces.push(piece));
    request.on("end", () => answer(request, response, Buffer.concat(pieces).toString()).catch((error) => {
      response.writeHead(500);
      response.end(String(error));
    }));
  });
  server.keepAliveTimeout = 60000;
  server.listen(0, "127.0.0.1", () => console.log(JSON.stringify(describe(server.address().port))));
  process.stdin.resume();
  process.stdin.on("end", () => process.exit(0));
  return server;
}
