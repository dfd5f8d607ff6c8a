// The page of a running `whether run` in Debian's Chromium (playwright-core): asking with and without JavaScript, facts by
// hand, the keyboard, narrow screens, hostile words, and axe-core on every state. No console message, no blocked resource.
//
// usage: node page.mjs MODULES URL TOKEN WHETHER PACK.json [CASE | --screenshots FOLDER | --measure]      prints TAP
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";

const [modules, url, token, whether, packFile, ...more] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(modules), "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const QUESTION = "Node or Django for a live auction board? The frontend is React.";
const BOTH = QUESTION + " But the accountant types in 40 invoices a day, no admin area needed.";
const DESKTOP = { viewport: { width: 1100, height: 900 } };
const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
const PATIENCE_MS = 20000;

const executablePath = execFileSync("sh", ["-c", "command -v chromium || command -v chromium-browser"]).toString().trim();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const troubles = [];

// A page in a context of its own; what it complains about is kept. expected: such complaints are the test's own doing.
async function open(work, { where = "/", expected = null, ...options } = {}) {
  const context = await browser.newContext({ ...DESKTOP, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const note = (text) => (expected?.test(text) ? null : troubles.push(text));
  page.on("console", (message) => note(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => note(String(error)));
  page.on("dialog", (dialog) => { note(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => request.url().startsWith(url) || note(`left the house: ${request.url()}`));
  try {
    await page.goto(url + where);
    return await work(page);
  } finally {
    await context.close();
  }
}

async function accessible(page, what) {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  assert.ok(passes.length > 10, `${what}: axe saw next to nothing`);
  assert.deepEqual(violations.map((one) => `${what}: ${one.id}: ${one.nodes.map((node) => node.html).join("\n")}`), []);
}

const lead = (page) => page.locator("#verdict p").first().textContent();
const weights = (page) => page.locator("figcaption b").allTextContents();
const press = (page, value) => page.locator(`button[name=press][value="${value}"]`).first().click();
const turns = (page) => page.locator(".turns > li").count();

async function leadBecomes(page, pattern) {
  await page.waitForFunction(([source]) => new RegExp(source).test(document.querySelector("#verdict p")?.textContent),
                             [pattern.source]);
}

async function type(page, text) {
  await page.locator("#text").fill(text);
  await page.locator(".heard").filter({ hasText: text.slice(0, 20) }).waitFor();
}

async function ask(page, text) {
  const before = await turns(page);
  await page.locator("#text").fill(text);
  await page.locator("button.ask").click();
  await page.waitForFunction((count) => document.querySelectorAll(".turns > li").length > count, before);
}

// Where a record is, as a program that asked for one is told.
async function recordPath() {
  const said = async (text) => (await (await fetch(`${url}/api/ask`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text, conversation: "r" }) })).json()).text;
  await said(QUESTION);
  return /https:\/\/whether\.example\.org(\/record\?of=[\w-]+)/.exec(await said("record"))[1];
}

// The name of an option as the page writes it, from its side of the page.
const sideName = (page, index) => page.locator(`#side-${index}`).textContent();

const cases = {
  async "asks, follows up and sets facts without JavaScript"() {
    await open(async (page) => {
      const [first, second] = [await sideName(page, 0), await sideName(page, 1)];
      await page.locator("#text").fill(QUESTION);
      await page.locator("button.ask").click();
      assert.ok((await lead(page)).startsWith(first), await lead(page));
      assert.deepEqual(await page.locator(".you mark.s0").allTextContents(), ["live auction", "React"]);
      await page.locator("#text").fill("why?");
      await page.locator("button.ask").click();
      assert.equal(await turns(page), 2);
      await press(page, "-react-frontend");
      await press(page, "-real-time");
      await press(page, "+python-team");
      assert.ok((await lead(page)).includes(`${second}, `), await lead(page));
      assert.ok(await page.locator(".by-hand").count() >= 1);
      await page.locator("#text").fill("The users want a chat after all.");
      await page.locator("button.ask").click();
      assert.match(await lead(page), /depends|open question/);
      await page.getByRole("link", { name: "Start over" }).click();
      assert.equal(await turns(page), 0);
      await page.locator(".examples button").first().click();
      assert.equal(await turns(page), 1);
    }, { javaScriptEnabled: false });
  },

  async "answers while one types, and marks what counted"() {
    await open(async (page) => {
      await type(page, BOTH);
      await leadBecomes(page, /depends/);
      assert.deepEqual(await page.locator(".heard mark.s0").allTextContents(), ["live auction", "React"]);
      assert.deepEqual(await page.locator(".heard mark.s1").allTextContents(), ["accountant types in 40 invoices"]);
      assert.ok((await page.locator(".heard del.s1").allTextContents()).join(" ").includes("admin"));
      assert.equal(await page.locator("#status").textContent(), await lead(page));
      assert.equal(await turns(page), 0);
      const [left, right] = (await weights(page)).map(Number);
      assert.ok(left > right && right > 0);
      assert.ok(await page.locator(".flips li").count() > 0 && await page.locator(".reasons cite").count() >= 3);
      // The field keeps what was typed, and the focus.
      assert.equal(await page.locator("#text").inputValue(), BOTH);
      await page.locator("#text").fill("");
      await page.locator(".thumb").waitFor();
    });
  },

  async "facts by hand move the verdict, and the focus stays"() {
    await open(async (page) => {
      const [first, second] = [await sideName(page, 0), await sideName(page, 1)];
      await press(page, "+react-frontend");
      await leadBecomes(page, new RegExp(`^${first}`));
      await press(page, "+python-team");
      await leadBecomes(page, /depends/);
      await press(page, "!python-team");
      await leadBecomes(page, new RegExp(`^(?!.*(depends|open question)).*${second}`));
      assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-pressed")), "true");
      await press(page, "+python-team");
      await leadBecomes(page, /depends/);
      await page.getByRole("button", { name: "Not so: a React or Next.js frontend" }).click();
      await leadBecomes(page, new RegExp(`^${second}`));
      assert.equal(await page.evaluate(() => document.activeElement.value), "~react-frontend");
      await page.keyboard.press("Enter");
      await page.locator('button[value="+react-frontend"]').first().waitFor();
      assert.equal(await page.evaluate(() => document.activeElement.value), "+react-frontend");
      // A change that the page offers does what it says.
      const flip = page.locator(".flips li").first();
      const promised = await flip.locator("span").textContent();
      await flip.locator("button").click();
      await leadBecomes(page, promised.includes("depends") ? /depends/ : new RegExp(promised));
      await page.getByRole("link", { name: "Start over" }).click();
      await page.locator(".asks").getByRole("button", { name: "Yes" }).click();
      await leadBecomes(page, new RegExp(`^${first}`));
    });
  },

  async "a conversation: Enter asks, what is said later holds"() {
    await open(async (page) => {
      await page.locator("#text").fill(QUESTION);
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => document.querySelectorAll(".turns > li").length === 1);
      assert.equal(await page.evaluate(() => document.activeElement.id), "text");
      await page.keyboard.type("first line");
      await page.keyboard.press("Shift+Enter");
      await page.keyboard.type("second");
      assert.equal(await page.locator("#text").inputValue(), "first line\nsecond");
      await ask(page, "why?");
      assert.ok(await page.locator("#verdict li, #verdict p").count() > 1);
      await ask(page, "Scrap the live part. And it is not React, it is plain HTML.");
      assert.equal(await page.locator(".chip.denied").count() >= 2, true);
      await ask(page, "We write Python.");
      assert.ok((await lead(page)).includes(await sideName(page, 1)));
      assert.equal(await turns(page), 4);
    });
  },

  async "what is typed while an answer is on its way is not lost"() {
    await open(async (page) => {
      let release;
      const held = new Promise((resolve) => { release = resolve; });
      await page.locator("#text").fill(QUESTION);
      await page.locator(".heard").waitFor();
      await page.route("**/ask", async (route) => { await held; await route.continue(); });
      await page.locator("#text").press("Enter");
      await page.locator("#text").pressSequentially("We write");
      release();
      await page.waitForFunction(() => document.querySelectorAll(".turns > li").length === 1);
      await page.keyboard.type(" Python.");
      assert.equal(await page.locator("#text").inputValue(), "We write Python.");
      await leadBecomes(page, /depends|open question/);
    });
  },

  async "reloading goes on, starting over can be taken back, and the address can be passed on"() {
    await open(async (page) => {
      await ask(page, QUESTION);
      await press(page, "+python-team");
      await leadBecomes(page, /depends|open question/);
      await type(page, "Nothing is live in it.");
      await leadBecomes(page, /./);
      const [before, address] = [await lead(page), page.url()];
      assert.ok(address.startsWith(`${url}/#s0=`), address);
      const same = async () => {
        await page.locator(".turns > li").waitFor();
        assert.equal(await page.locator("#text").inputValue(), "Nothing is live in it.");
        assert.equal(await lead(page), before);
        assert.equal(await page.locator(".by-hand").count(), 1);
      };
      await page.reload();
      await same();
      await page.getByRole("link", { name: "Start over" }).click();
      await page.locator(".thumb").waitFor();
      assert.equal(page.url(), `${url}/`);
      await page.goBack();
      await same();
      // It goes on from there; a jump within the page takes nothing away.
      await page.locator("button.ask").click();
      await page.waitForFunction(() => document.querySelectorAll(".turns > li").length === 2);
      await page.evaluate(() => { location.hash = "#main"; });
      await page.waitForFunction(() => location.hash.startsWith("#s0="));
      await open(async (other) => {
        await other.waitForFunction(() => document.querySelectorAll(".turns > li").length === 2);
        assert.equal(await lead(other), await lead(page));
      }, { where: new URL(page.url()).hash });
    });
    // What no page of ours has made: text stays text, nothing is asked, and what is no form says so.
    const hostile = `<img src=x onerror="window.hit = 1">`;
    await open(async (page) => {
      await page.locator(".turns > li").waitFor();
      assert.ok((await page.locator(".you").first().textContent()).includes(hostile));
      assert.equal(await page.evaluate(() => window.hit), undefined);
      assert.equal(await page.locator(".turns img").count(), 0);
    }, { where: `/#s0=${encodeURIComponent(hostile)}&f0=%2Bno-such-thing&ask=1&press=%2Breact-frontend&x=<b>` });
    await open(async (page) => { await leadBecomes(page, /too long/); }, { where: `/#text=${"a".repeat(9000)}`, expected: /400 \(Bad Request\)/ });
    await open(async (page) => { assert.ok(await page.locator(".thumb").isVisible()); }, { where: "/#a=%" });
  },

  async "works by the keyboard alone"() {
    await open(async (page) => {
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
      await page.keyboard.press("Enter");
      const reached = [];
      for (let i = 0; i < 14; i++) {
        await page.keyboard.press("Tab");
        reached.push(await page.evaluate(() => document.activeElement.id || document.activeElement.name));
      }
      assert.ok(reached.includes("text") && reached.includes("ask") && reached.includes("press"), reached.join(" "));
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.notEqual(outline, "none");
    });
  },

  async "what people write is text, whatever they write"() {
    const hostile = `</textarea><script>window.hit = 1</script><img src=x onerror="window.hit = 1"> React chat & "x" 'y'`;
    await open(async (page) => {
      await type(page, hostile);
      await ask(page, hostile);
      await ask(page, "Node or Django? </li><b>React</b>");
      assert.ok((await page.locator(".you").first().textContent()).includes(hostile));
      assert.equal(await page.locator(".turns img, .turns b, .turns script").count(), 0);
      assert.equal(await page.evaluate(() => window.hit), undefined);
    });
  },

  async "says so when nobody answers"() {
    await open(async (page) => {
      await page.route("**/ask", (route) => route.abort());
      await page.locator("#text").fill("Node or Django for a chat?");
      await leadBecomes(page, /connection is lost/);
      await page.unroute("**/ask");
      await page.locator("#text").fill("Node or Django for a chat? ");
      await leadBecomes(page, new RegExp(await sideName(page, 0)));
      await page.locator("#text").evaluate((field) => { field.removeAttribute("maxlength"); });
      await page.locator("#text").fill("a chat ".repeat(1500));
      await leadBecomes(page, /too long/);
      await page.locator("button.ask").click();
      await leadBecomes(page, /too long/);
    }, { expected: /ERR_FAILED|400 \(Bad Request\)/ });
  },

  async "more than two options: a bar each"() {
    await open(async (page) => {
      await ask(page, "Buy a 3D printer or order the prints? We need parts every week, and nobody has time to tinker.");
      assert.ok(await page.locator(".bars li").count() > 2, await page.locator("main").textContent());
      await accessible(page, "bars");
    });
  },

  async "the rules as a table"() {
    const pack = JSON.parse(readFileSync(packFile, "utf8"));
    await open(async (page) => {
      const table = page.locator(`article#${pack.id} tbody`);
      assert.equal(await table.locator(".force").count(), pack.rules.length);
      const text = await table.textContent();
      for (const rule of pack.rules) {
        assert.ok(text.includes(rule.because), rule.because);
      }
    }, { where: "/rules" });
  },

  async "gaps: behind a token, with entries that packs can take"() {
    const asked = ["Node or Django for the beekeeping club?", "Does Django ship a job scheduler for \"cron\" <b>?"];
    await open(async (page) => {
      await ask(page, asked[0]);
      await ask(page, asked[1]);
      await type(page, "Node or Django for something that was only typed");
    });
    const refused = await fetch(`${url}/gaps`);
    assert.equal(refused.status, 401);
    await open(async (page) => {
      const questions = await page.locator(".question").allTextContents();
      assert.ok(asked.some((one) => questions.includes(one)), questions.join("\n"));
      assert.ok(!questions.some((one) => one.includes("only typed")));
      for (const summary of await page.locator("summary").all()) {
        await summary.click();
      }
      await accessible(page, "gaps");
      const folder = mkdtempSync(path.join(tmpdir(), "whether-entry-"));
      try {
        const pack = JSON.parse(readFileSync(packFile, "utf8"));
        for (const item of await page.locator(".gaps > li").all()) {
          const list = await item.locator("summary code").textContent();
          pack[list].push(JSON.parse(await item.locator("pre").textContent()));
        }
        pack.neighbours = [];
        writeFileSync(path.join(folder, "pack.json"), JSON.stringify(pack, null, 1));
        const check = spawnSync(whether, ["check", path.join(folder, "pack.json")], { encoding: "utf8" });
        assert.equal(check.status, 0, check.stderr + check.stdout);
      } finally {
        rmSync(folder, { recursive: true });
      }
    }, { where: "/gaps", httpCredentials: { username: "any", password: token } });
  },

  async "a record by its link"() {
    const where = await recordPath();
    await open(async (page) => {
      assert.match(await page.locator("pre").textContent(), /^---\nstatus: proposed\n[^]*## Decision Outcome\n[^]*Source: /);
      assert.equal(await page.getByRole("button", { name: "Copy" }).count(), 1);
      await accessible(page, "record");
    }, { where });
  },

  async "axe finds nothing, in light, dark and on a phone"() {
    for (const look of [{}, { colorScheme: "dark" }, PHONE, { ...PHONE, colorScheme: "dark" }]) {
      await open(async (page) => {
        const what = JSON.stringify(look);
        await accessible(page, `first look ${what}`);
        await type(page, BOTH);
        await accessible(page, `draft ${what}`);
        await ask(page, BOTH);
        await ask(page, "why not django?");
        await press(page, "+python-team");
        await page.locator(".by-hand").first().waitFor();
        await accessible(page, `talk ${what}`);
        await page.goto(`${url}/rules`);
        await accessible(page, `rules ${what}`);
      }, look);
    }
  },

  async "nothing sticks out on a narrow screen"() {
    await open(async (page) => {
      const overhang = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(await overhang(), 0);
      await ask(page, `${BOTH} ${"x".repeat(300)}`);
      assert.equal(await overhang(), 0);
      await page.goto(`${url}/rules`);
      assert.equal(await overhang(), 0);
    }, { ...PHONE, viewport: { width: 320, height: 600 } });
  },

  async "weighs under 60 KiB in all, an answer included"() {
    await open(async (page) => {
      let bytes = 0;
      page.on("response", async (response) => {
        const { responseHeadersSize, responseBodySize } = await response.request().sizes();
        bytes += responseHeadersSize + responseBodySize;
      });
      await page.reload();
      await type(page, BOTH);
      await page.waitForTimeout(200); // the sizes of the last one
      console.log(`# ${bytes} bytes`);
      assert.ok(bytes > 10000 && bytes < 60 * 1024, `${bytes} bytes`);
    });
  },

  async "nothing was complained about"() {
    assert.deepEqual(troubles, []);
  },
};

// Down to the end of that element, or of the page.
async function shoot(page, file, end = null) {
  await page.evaluate(() => { document.activeElement?.blur(); scrollTo(0, 0); });
  await page.waitForTimeout(800); // the beam comes to rest
  const bottom = await page.locator(end ?? "main").first().evaluate((element) => element.getBoundingClientRect().bottom);
  const { width } = page.viewportSize();
  await page.screenshot({ path: file, fullPage: true, clip: { x: 0, y: 0, width, height: Math.ceil(bottom) + (end ? 1 : 24) } });
}

async function takeScreenshots(folder) {
  mkdirSync(folder, { recursive: true });
  await open(async (page) => { for (const what of ["the beekeeping club", "a choir of ninety"]) await ask(page, `Node or Django for ${what}?`); });
  const record = await recordPath();
  const looks = { light: {}, dark: { colorScheme: "dark" }, phone: { ...PHONE, viewport: { width: 390, height: 844 } } };
  for (const [name, look] of Object.entries(looks)) {
    const file = (what) => path.join(folder, `${what}-${name}.png`);
    await open(async (page) => {
      await type(page, BOTH);
      await shoot(page, file("ask"));
      await ask(page, BOTH);
      await ask(page, "It is Vue, not React, and we are Python people.");
      await press(page, "+solo-mvp");
      await page.locator(".by-hand").first().waitFor();
      await shoot(page, file("talk"));
      await page.goto(`${url}/rules`);
      await shoot(page, file("rules"), "article tbody tr:nth-child(6)");
    }, look);
    await open(async (page) => {
      await page.locator("summary").first().click();
      await shoot(page, file("gaps"));
    }, { ...look, where: "/gaps", httpCredentials: { username: "any", password: token } });
    await open((page) => shoot(page, file("record")), { ...look, where: record });
  }
}

// From the pause (the request leaves) to the answer in the page, painted.
async function measure() {
  const times = [];
  await open(async (page) => {
    for (let i = 0; i < 100; i++) {
      await page.evaluate(() => { performance.clearMeasures("answer"); });
      await page.locator("#text").fill(`${BOTH} ${i}`);
      times.push(await page.evaluate(() => new Promise((resolve) => {
        const look = () => {
          const [entry] = performance.getEntriesByName("answer");
          return entry ? requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - entry.startTime))) :
            setTimeout(look, 1);
        };
        look();
      })));
    }
  });
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))].toFixed(1);
  console.log(`pause to painted answer, ms: median ${at(0.5)}, p95 ${at(0.95)}, most ${at(1)} (${times.length} answers)`);
}

async function test(names) {
  console.log(`1..${names.length}`);
  let failed = 0;
  for (const [index, name] of names.entries()) {
    try {
      await cases[name]();
      console.log(`ok ${index + 1} - ${name}`);
    } catch (error) {
      failed++;
      console.log(`not ok ${index + 1} - ${name}\n${String(error.stack).split("\n").map((line) => `# ${line}`).join("\n")}`);
    }
  }
  return failed;
}

let failed = 0;
try {
  if (more[0] === "--screenshots") {
    await takeScreenshots(more[1]);
  } else if (more[0] === "--measure") {
    await measure();
  } else {
    failed = await test(more.length ? more : Object.keys(cases));
  }
} finally {
  await browser.close();
}
process.exit(failed ? 1 : 0);
