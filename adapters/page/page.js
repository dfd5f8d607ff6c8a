/*
 * Makes the page answer while one types; without this file it answers when a button is pressed. The server renders
 * either way: what comes back is a whole page, of which a part takes the place of what is there.
 */
"use strict";
(() => {
    const PAUSE_MS = 180; // after the last key
    const KEPT = /^([sf]\d+|text|facts)$/; // fields of the form that are the conversation
    let form = document.getElementById("talk");
    let timer = 0;
    let request = null;

    function body(button) {
        const data = new URLSearchParams(new FormData(form));
        if (button && button.name) {
            data.append(button.name, button.value);
        }
        return data;
    }

    // The page that the server makes of the form; null when a newer question has overtaken it.
    async function fetchPage(data) {
        request?.abort();
        const mine = request = new AbortController();
        try {
            const response = await fetch(form.action, { method: "POST", body: data, signal: mine.signal });
            const type = response.headers.get("Content-Type") || "";
            if (!type.startsWith("text/html")) {
                throw new Error("HTTP " + response.status);
            }
            const page = new DOMParser().parseFromString(await response.text(), "text/html");
            return { page, fine: response.ok };
        } catch (error) {
            if (mine.signal.aborted) {
                return null;
            }
            throw error;
        } finally {
            if (request === mine) {
                request = null;
            }
        }
    }

    // The beam swings over from where it was.
    function swing(before) {
        const scale = document.getElementById("scale");
        if (before && scale) {
            const after = scale.getAttribute("class");
            scale.setAttribute("class", before);
            scale.getBoundingClientRect();
            scale.setAttribute("class", after);
        }
    }

    function say(sentence) {
        document.getElementById("status").textContent = sentence;
    }

    // What went wrong takes the place of the verdict.
    function complain(sentence) {
        const line = document.createElement("p");
        line.className = "lead";
        line.textContent = sentence;
        document.getElementById("verdict")?.replaceChildren(line);
        say(sentence);
    }

    // Takes over the part of the page with that id. False: the other has none.
    function exchange(page, id) {
        const old = document.getElementById(id), fresh = page.getElementById(id);
        const before = document.getElementById("scale")?.getAttribute("class");
        if (!old || !fresh) {
            return false;
        }
        old.replaceWith(document.adoptNode(fresh));
        form = document.getElementById("talk");
        swing(before);
        say(document.querySelector("#verdict p")?.textContent || "");
        return true;
    }

    // The button about the same fact, or the field.
    function refocus(button) {
        const fact = button.value.slice(1).split(" ")[0];
        const same = [...form.querySelectorAll("button[name=press]")].filter((one) => one.value.slice(1) === fact);
        const toggles = button.hasAttribute("aria-pressed");
        const again = same.find((one) => one.hasAttribute("aria-pressed") === toggles) || same[0];
        (button.name === "press" && again || document.getElementById("text"))?.focus({ preventScroll: button.name === "press" });
    }

    // The conversation is in the form alone. The address has a copy behind its #, which no server gets to see: so
    // reloading and going back go on with it, and it can be passed on.
    function keep() {
        const said = [...new FormData(form)].filter(([name, value]) => KEPT.test(name) && value);
        try {
            history.replaceState(null, "", said.length ? "#" + new URLSearchParams(said) : location.pathname);
        } catch {
            // Some browsers bear only so many in a while; the next one will do.
        }
    }

    // Has the server make the page of these data and takes over that part. False: it did not come to that.
    async function take(data, part) {
        try {
            const answer = await fetchPage(data);
            if (answer && !answer.fine) {
                complain(answer.page.querySelector(".intro").textContent);
            } else if (answer && exchange(answer.page, part)) {
                keep();
                return true;
            }
        } catch {
            complain("No answer: the connection is lost.");
        }
        return false;
    }

    async function look() {
        const began = performance.now();
        const data = body(null);
        data.append("live", "1");
        if (await take(data, "answer")) {
            performance.measure("answer", { start: began });
        }
    }

    // From the address: only what a conversation has, and only looked at, since nobody asks it now.
    async function restore() {
        if (!location.hash.includes("=")) {
            keep(); // a jump within the page
            return;
        }
        const said = [...new URLSearchParams(location.hash.slice(1))].filter(([name]) => KEPT.test(name));
        if (await take(new URLSearchParams([...said, ["live", "1"]]), "main")) {
            listen();
        }
    }

    // What was typed while the answer was on its way stays.
    function keepTyping(button, sent, typed) {
        const field = document.getElementById("text");
        if (field && typed !== sent) {
            field.value = button.name !== "press" && typed.startsWith(sent) ? typed.slice(sent.length) : typed;
            field.dispatchEvent(new Event("input"));
        }
    }

    async function act(button) {
        clearTimeout(timer);
        const field = document.getElementById("text"), sent = field?.value;
        if (await take(body(button), "main")) {
            listen();
            refocus(button);
            keepTyping(button, sent, field?.value);
        }
    }

    function onKey(event) {
        if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
            event.preventDefault();
            form.querySelector("button.ask")?.click();
        }
    }

    function listen() {
        form = document.getElementById("talk");
        form?.addEventListener("submit", (event) => {
            if (event.submitter) {
                event.preventDefault();
                act(event.submitter);
            }
        });
        const text = document.getElementById("text");
        text?.addEventListener("keydown", onKey);
        text?.addEventListener("input", () => {
            clearTimeout(timer);
            timer = setTimeout(look, PAUSE_MS);
        });
    }

    // Entries of /gaps get a button each.
    function offerCopies() {
        for (const entry of document.querySelectorAll("pre.entry")) {
            const button = document.createElement("button");
            button.type = "button";
            button.className = "small";
            button.textContent = "Copy";
            button.addEventListener("click", async () => {
                try {
                    await navigator.clipboard.writeText(entry.textContent);
                    button.textContent = "Copied";
                } catch {
                    getSelection().selectAllChildren(entry);
                    button.textContent = "Selected: press Ctrl-C";
                }
            });
            entry.after(button);
        }
    }

    listen();
    offerCopies();
    if (form) {
        addEventListener("hashchange", restore);
        if (location.hash.includes("=")) {
            restore();
        }
    }
})();
