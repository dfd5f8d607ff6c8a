#!/usr/bin/env python3
"""The bot against a server that does what real ones do not: every row of PROTOCOLS.md 3.10 and 3.11 that names a fault.

usage: irc_faults.py IRC-DRIVER [NAME...]     prints TAP; NAMEs run only these cases
"""
import base64
import pathlib
import re
import socket
import ssl
import sys
import time

import ircstage as stage
from irckit import Connection, ScriptedServer, eventually, free_port
from ircstage import ask, bot, end, network, parts, path_of, run_cases, scripted, secret, stamp, start, talking

# --- a server that does what real ones do not: lines (PROTOCOLS.md 3.10, 3.11) ---------------------


def case_i1_long_answers_are_split_and_more_gives_the_rest():
    _, driver, server = talking(support="CASEMAPPING=ascii")
    ask(server, "whether: long 14")
    lines = [server.expect(r"^PRIVMSG #a :(.*)$")[1] for _ in range(5)]
    assert lines[0] == "alice: \x02line 1\x02" and lines[1:3] == ["- line 2", "- line 3"], lines
    assert lines[4] == '- line 5 (say "more" for the rest)', lines
    ask(server, "whether: more", by="mallory!m@evil.example")  # the rest is alice's
    server.pong()
    assert server.expect(r"^PRIVMSG #a :(.*)$")[1] == "mallory: You said: more"
    server.pong()
    ask(server, "@whether More!")
    lines = [server.expect(r"^PRIVMSG #a :(.*)$")[1] for _ in range(5)]
    assert lines[0] == "alice: - line 6" and lines[4].startswith("- line 10 (say"), lines
    ask(server, "whether: more")
    assert [server.expect(r"^PRIVMSG #a :(.*)$")[1] for _ in range(4)][-1] == "- line 14"
    ask(server, "whether: long 6")  # one line more is better than a hint
    assert [server.expect(r"^PRIVMSG #a :(.*)$")[1] for _ in range(6)][-1] == "- line 6"
    server.pong()
    ask(server, "whether: more")  # there is none left: an ordinary message
    assert server.expect(r"^PRIVMSG #a :(.*)$")[1] == "alice: You said: more"
    driver.never("how=(unsure|refused)")


def case_i1_lines_fit_with_the_prefix_and_break_between_characters():
    _, driver, server = talking()
    server.confirms = True
    text = "über-" * 40 + " " + "wörter und 漢字 " * 20
    ask(server, "whether: " + text[:300])
    ask(server, "x", by="bob!b@home.example", to="whether")
    driver.say(f"say irc net/#a alice; {text}{text}")
    got = []
    for _ in range(3):
        while not (line := server.line()).startswith("PING"):
            got.append(line)
            assert len(f":whether!w@host.example {line}\r\n".encode()) <= 512, line
            assert "\ufffd" not in line, line
    assert 5 <= len(got) <= 7, got
    assert any(len(f":whether!w@host.example {line}\r\n".encode()) > 500 for line in got), got
    said = re.sub(r"^PRIVMSG #a :(alice: )?", "", "".join(line + " " for line in got if "漢字" in line))
    assert "wörter und 漢字" in said


def case_i1_displayed_host_with_and_without_user():
    """396 comes before the first JOIN has told our user, and some servers send it with the user."""
    server, driver = scripted()
    server = server.accept()
    server.register()
    server.confirms = True
    driver.wait(r"event=irc.connected")
    for told, prefix in (("h", ":whether!0123456789@h"), ("longident@vhost.example", ":whether!longident@vhost.example")):
        server.send(f":irc.example 396 whether {told} :is now your displayed host")
        ask(server, "x", to="whether")
        server.expect(r"^PRIVMSG alice :You said: x")
        driver.say("say irc net/alice; " + "y" * 900)
        got = [len(f"{prefix} {server.expect('^PRIVMSG alice :y.*')[0]}\r\n") for _ in range(2)]
        assert max(got) <= 512, got
    assert max(got) == 512, got  # all that there is room for


def case_i2_tags_up_to_the_limit_and_over_it():
    _, driver, server = talking(caps="message-tags server-time")
    ask(server, "whether: first", tags="@time=" + stamp() + ";x=" + "y" * 8100 + " ")
    server.expect(r"alice: You said: first")
    server.pong()
    ask(server, "whether: second", tags="@x=" + "y" * 9000 + " ")
    ask(server, "whether: third", tags="@bot;+draft/x=\\:\\s;time=nonsense;msgid=abc ")
    driver.wait(r"^message .*bot=1 .*identity=abc text=third$")
    ask(server, "whether: fourth")
    server.expect(r"alice: You said: fourth")
    driver.never("text=second")


def case_i3_burst_then_paced():
    """A line costs an hour: only what may be ahead leaves, whoever waits; a PONG has no price."""
    _, driver, server = talking(times={"pace": 3600 * 1000})
    for person in "abc":
        ask(server, "whether: long 4", by=f"{person}!{person}@home.example", to="whether")
    # Five may be ahead: registration counts as two, the first PING and JOIN are the third and fourth.
    # Whoever finds it busy, with the JOIN for one, comes back a little later: when is not the matter here.
    server.expect(r"^PRIVMSG a :")
    for turn in range(20):
        server.send(f"PING :turn{turn}")
        server.expect(rf"^PONG .*turn{turn}$")
    server.quiet(0.5)
    assert sum(line.startswith("PRIVMSG") for line in server.lines) == 1, server.lines
    driver.never("how=(unsure|refused)")


def case_i3_what_waited_leaves_in_its_time():
    """Never earlier than it may: later is what a busy machine does."""
    _, driver, server = talking(times={"pace": 100})
    began = time.monotonic()
    server.confirms = True
    for person in "abc":
        ask(server, "whether: long 4", by=f"{person}!{person}@home.example", to="whether")
    at = []
    while len(at) < 12:
        if server.line().startswith("PRIVMSG"):
            at.append(time.monotonic() - began)
    # However much was saved up before, it was five lines. The PINGs between them leave at once, but are paid for.
    assert all(at[i] >= (i - 4) * 0.1 - 0.001 for i in range(5, 12)), at


def case_i4_notices_are_never_answered():
    _, driver, server = talking({"listen": "questions"})
    server.send(":alice!a@home.example NOTICE #a :whether: Node or Django?",
                ":alice!a@home.example NOTICE whether :Node or Django?", ":irc.example NOTICE * :*** Looking up",
                ":alice!a@home.example NOTICE whether :\x01VERSION x\x01", ":x NOTICE", ":x NOTICE whether", "NOTICE",
                ":NickServ!s@services NOTICE whether :You are now identified")
    server.quiet(0.5)
    driver.never(r"^message")


def sasl_until_credentials(server, mechanism="PLAIN", value="=PLAIN,EXTERNAL"):
    """Up to the point where the server has asked for the credentials."""
    server.expect(r"^CAP LS 302$")
    server.expect(r"^NICK ")
    server.expect(r"^USER ")
    server.send(":s CAP * LS * :multi-prefix", f":s CAP * LS :sasl{value} server-time")
    server.expect(r"^CAP REQ :sasl$")
    server.expect(r"^CAP REQ :server-time$")
    server.send(":s CAP * ACK :sasl ", ":s CAP * NAK :server-time")
    server.expect(rf"^AUTHENTICATE {mechanism}$")


def sasl_config(password, user="advisor"):
    return {"sasl": "plain", "sasl_user": user, "sasl_password_file": secret("sasl", password), "channels": "#a"}


def case_i5_sasl_in_chunks_of_400_bytes():
    # 3 x 100 bytes are exactly 400 in base64: an empty chunk says that this was all.
    for length, chunks in ((300 - 2 - 2 * 7, ["400", "+"]), (900, None)):
        server, driver = scripted(sasl_config("p" * length))
        connection = server.accept()
        sasl_until_credentials(connection)
        connection.send("AUTHENTICATE +")
        got = []
        while True:
            part = connection.expect(r"^AUTHENTICATE (.*)$")[1]
            got.append(part)
            assert len(part) <= 400
            if len(part) < 400:
                break
        if chunks:
            assert [len(got[0]), got[1]] == [400, "+"], got
        raw = base64.b64decode("".join(part for part in got if part != "+"))
        assert raw == b"advisor\0advisor\0" + b"p" * length, raw
        connection.send(":s 900 whether whether!w@h advisor :You are now logged in", ":s 903 whether :ok")
        connection.expect(r"^CAP END$")
        connection.welcome()
        connection.join()
        end(driver)


def case_i6_nick_in_use_during_sasl_does_not_abort_it():
    server, driver = scripted(sasl_config("pw"))
    connection = server.accept()
    connection.expect(r"^USER ")
    connection.send(":s 433 * whether :Nickname is already in use", ":s CAP * LS :sasl")  # without a value
    connection.expect(r"^CAP REQ :sasl$")
    connection.send(":s CAP * ACK :sasl")
    connection.expect(r"^AUTHENTICATE PLAIN$")
    connection.send(":s 433 * whether_ :Nickname is already in use", "AUTHENTICATE +")
    encoded = connection.expect(r"^AUTHENTICATE (\S{8,})$")[1]
    assert base64.b64decode(encoded) == b"advisor\0advisor\0pw"  # the account is not the nick
    connection.send(":s 900 * x!w@h advisor :You are now logged in", ":s 903 * :ok")
    connection.expect(r"^CAP END$")
    assert {"NICK whether_", "NICK whether__"} <= set(connection.lines), connection.lines
    connection.welcome("whether__")
    connection.join(nick="whether__")
    ask(connection, "hello", to="whether__")
    connection.expect(r"^PRIVMSG alice :You said: hello")


def case_i6_sasl_fails_closed():
    """Whatever goes wrong, registration is not let through."""
    def no_sasl(c):
        c.expect(r"^USER ")
        c.send(":s CAP * LS :server-time message-tags")

    def wrong_mechanism(c):
        c.expect(r"^USER ")
        c.send(":s CAP * LS :sasl=EXTERNAL,SCRAM-SHA-256")

    def refused(c):
        c.expect(r"^USER ")
        c.send(":s CAP * LS :sasl")
        c.expect(r"^CAP REQ")
        c.send(":s CAP * NAK :sasl")

    def no_caps_at_all(c):
        c.expect(r"^USER ")
        c.send(":s 421 whether CAP :Unknown command", ":s 001 whether :Welcome", ":s 376 whether :End")

    def welcome_in_between(c):
        sasl_until_credentials(c)
        c.send(":s 001 whether :Welcome", ":s 376 whether :End")

    def welcome_for_libircclient_alone(c):
        sasl_until_credentials(c)
        c.send(":s 0010x whether :Welcome", ":s 3760x whether :End")

    def taken_back(c):
        sasl_until_credentials(c)
        c.send(":s CAP * DEL :sasl")

    def silent(c):
        sasl_until_credentials(c)

    def silent_after_credentials(c):
        sasl_until_credentials(c)
        c.send("AUTHENTICATE +")
        c.expect(r"^AUTHENTICATE ")

    def gone(c):
        sasl_until_credentials(c)
        c.close()

    for number, scene in enumerate((no_sasl, wrong_mechanism, refused, no_caps_at_all, welcome_in_between,
                                    welcome_for_libircclient_alone, taken_back, silent, silent_after_credentials, gone)):
        server, driver = scripted(sasl_config("pw"), {"step": 700, "retry": 30_000, "retry_most": 30_000})
        connection = server.accept()
        scene(connection)
        driver.wait(r"event=irc.disconnected|event=irc.failed")
        connection.closed(5) if scene is not gone else None
        assert not any(re.match(r"CAP END|JOIN|PRIVMSG", line) for line in connection.lines), (number, connection.lines)
        driver.never("event=irc.connected")
        assert driver.status()["health"] in ("troubled", "failed")
        end(driver)


def case_i6_wrong_password_is_tried_thrice():
    server, driver = scripted(sasl_config("pw"))
    for _ in range(3):
        connection = server.accept()
        sasl_until_credentials(connection)
        connection.send("AUTHENTICATE +")
        connection.expect(r"^AUTHENTICATE ")
        connection.send(":s 904 whether :SASL authentication failed")
        connection.closed()
    driver.wait(r"event=irc.failed .*SASL authentication failed")
    assert driver.wait_health("failed")
    try:
        server.accept(1)
        raise AssertionError("a fourth try")
    except TimeoutError:
        pass


def case_i7_bot_mode():
    _, _, server = talking(support="BOT=B CASEMAPPING=ascii")
    assert "MODE whether +B" in server.lines, server.lines


def case_i8_own_lines_are_not_questions():
    _, driver, server = talking({"listen": "questions"})
    ask(server, "whether: hello", by="WHETHER!w@host.example")
    ask(server, "Node or Django?", by="whether!w@host.example", to="whether")
    ask(server, "I am a server", by="irc.example")
    ask(server, "Unknown command", by="NickServ!s@services", to="whether")
    # Bouncers speak themselves, and would answer what they are answered.
    ask(server, "Unknown command: You. Try help?", by="*status!znc@znc.in", to="whether")
    ask(server, "Buffer Playback...", by="***!znc@znc.in")
    ask(server, "unknown command You?", by="BouncerServ!BouncerServ@soju.example", to="whether")
    ask(server, "alice joined the channel?", by="HistServ!HistServ@localhost", to="whether")
    server.quiet(0.4)
    driver.never(r"^message")


def case_i9_replay_of_a_bouncer():
    server, driver = scripted({"channels": "#a"})
    connection = server.accept()
    connection.register(caps="server-time")
    connection.expect(r"^JOIN #a")
    connection.send(f"@time={stamp()} :whether!w@host.example JOIN #a")
    ask(connection, "whether: of yesterday", tags=f"@time={stamp(-86400)} ")
    ask(connection, "whether: of ten seconds before it came", tags=f"@time={stamp(-10)} ")
    ask(connection, "of an hour ago", to="whether", tags=f"@time={stamp(-3600)} ")
    ask(connection, "whether: of now", tags=f"@time={stamp(1)} ")
    connection.expect(r"You said: of now")
    driver.never(r"^message .*(yesterday|ten seconds|hour)")


def case_i9_clock_six_minutes_off():
    """The host's clock is wrong: live messages are answered, replayed ones are not."""
    for shift in (360_000, -360_000):
        server, driver = scripted({"channels": "#a"})
        driver.say(f"shift {shift}")
        connection = server.accept()
        connection.expect(r"^USER ")
        connection.send(":s CAP * LS :server-time")
        connection.expect(r"^CAP REQ")
        connection.send(":s CAP * ACK :server-time")
        connection.expect(r"^CAP END")
        connection.send(*(f"@time={stamp()} :irc.example {line}" for line in
                          ("001 whether :Welcome", "376 whether :End")))
        connection.expect(r"^JOIN #a")
        connection.send(f"@time={stamp()} :whether!w@host.example JOIN #a")
        ask(connection, "whether: old", tags=f"@time={stamp(-400)} ")
        ask(connection, "whether: live", tags=f"@time={stamp()} ")
        connection.expect(r"You said: live")
        driver.never("text=old")
        end(driver)


def case_i9_bouncer_without_time_at_its_join():
    """soju's JOIN has none: we are there since it came."""
    _, driver, server = talking(caps="server-time")
    ask(server, "whether: of ten seconds before it came", tags=f"@time={stamp(-10)} ")
    ask(server, "whether: of now", tags=f"@time={stamp()} ")
    server.expect(r"You said: of now")
    driver.never(r"^message .*ten seconds")


def case_i9_old_welcome_of_a_bouncer():
    """ZNC keeps 001 to 376 and the time at which they came: the clock of a server is not learned from them."""
    server, driver = scripted()
    connection = server.accept()
    connection.expect(r"^USER ")
    connection.send(":s CAP * LS :server-time")
    connection.expect(r"^CAP REQ")
    connection.send(":s CAP * ACK :server-time")
    connection.expect(r"^CAP END")
    connection.send(*(f"@time={stamp(-3 * 86400)} :irc.example {line}" for line in
                      ("001 whether :Welcome", "376 whether :End")))
    driver.wait(r"event=irc.connected")
    ask(connection, "of yesterday", to="whether", tags=f"@time={stamp(-86400)} ")
    ask(connection, "of now", to="whether", tags=f"@time={stamp()} ")
    connection.expect(r"You said: of now")
    driver.never(r"^message .*yesterday")


def case_i9_clock_of_a_server_without_channels():
    """What answers our own PING is said now."""
    server, driver = scripted()
    driver.say("shift 360000")
    connection = server.accept()
    connection.register(caps="server-time")
    token = connection.expect(r"^PING (\S+)$")[1]
    connection.send(f"@time={stamp()} :irc.example PONG irc.example {token}")
    ask(connection, "of six minutes ago", to="whether", tags=f"@time={stamp(-360)} ")
    ask(connection, "of now", to="whether", tags=f"@time={stamp()} ")
    connection.expect(r"You said: of now")
    driver.never(r"^message .*six minutes")


def case_i10_ctcp():
    _, driver, server = talking()
    ask(server, "\x01VERSION\x01", to="whether")
    server.expect(r"^NOTICE alice :\x01VERSION whether \S+\x01$")
    ask(server, "\x01PING 12345", to="whether")  # the final 0x01 is missing
    server.expect(r"^NOTICE alice :\x01PING 12345\x01$")
    for query in ("FINGER", "TIME", "DCC SEND file 2130706433 80 1", "DCC CHAT chat 2130706433 80", "CLIENTINFO", "",
                  "\x01", "PING", "DCC"):
        ask(server, f"\x01{query}\x01", to="whether")
    ask(server, "\x01VERSION\x01", to="#a")  # channel-wide
    ask(server, "\x01ACTION \x01VERSION\x01\x01", to="#a")  # the same in disguise
    server.quiet(0.3)
    ask(server, "\x01", to="whether")
    ask(server, "\x01", to="#a")
    for _ in range(20):
        ask(server, "\x01VERSION\x01", to="whether")
    server.expect(r"^NOTICE alice :\x01VERSION")  # the third within a minute, and the last
    server.quiet(0.5)
    text = "asks whether " + "all of this arrives " * 12
    ask(server, f"\x01ACTION {text}\x01", to="whether")
    driver.wait(rf"^message .*text={text.strip()}")  # C15: not cut at 127 bytes


def case_i11_nicks():
    server, driver = scripted({"channels": "#a"})
    connection = server.accept()
    connection.expect(r"^USER ")
    connection.send(":s CAP * LS :")
    connection.expect(r"^CAP END")
    for number, nick in ((433, "whether"), (432, "whether_"), (436, "whether__"), (437, "whether3")):
        connection.send(f":s {number} * {nick} :no")
        connection.expect(r"^NICK whether(_|__|3|4)$")
    # The server cuts it; the first parameter of 001 is the real one.
    connection.welcome("whether4x")
    connection.join(nick="whether4x")
    ask(connection, "hello", to="whether4x")
    connection.expect(r"^PRIVMSG alice :You said: hello")
    connection.pong()
    ask(connection, "WHETHER4X: hello")
    connection.expect(r"^PRIVMSG #a :alice: You said: hello")
    connection.pong()
    ask(connection, "whether: by the name it wants")
    connection.expect(r"^PRIVMSG #a :alice: You said: by the name it wants")
    connection.pong()
    connection.expect(r"^ISON whether$")
    connection.send(":s 303 whether4x :whether")
    connection.expect(r"^ISON whether$")
    connection.send(":s 303 whether4x :")
    connection.expect(r"^NICK whether$")
    connection.send(":s 433 whether4x whether :Nickname is already in use")
    connection.send(":whether!someone@else.example QUIT :gone")
    connection.expect(r"^NICK whether$")
    connection.send(":whether4x!w@host.example NICK :whether")
    ask(connection, "done", to="whether")
    connection.expect(r"^PRIVMSG alice :You said: done")


def case_i11_no_nick_at_all():
    server, driver = scripted({"channels": "#a"}, {"retry": 30_000, "retry_most": 30_000})
    connection = server.accept()
    connection.expect(r"^USER ")
    connection.send(":s 433 * whether :no")
    for _ in range(19):
        connection.expect(r"^NICK ")
        connection.send(":s 433 * x :no")
    connection.expect(r"^NICK ")
    connection.send(":s 433 * x :no")
    driver.wait(r"event=irc.disconnected .*no nick like whether is free")


def case_i12_casemapping_and_status_messages():
    _, _, server = talking({"nick": "bot[x]", "channels": "#Dev{1}"}, channel="#Dev{1}", nick="bot[x]",
                                support="CASEMAPPING=rfc1459 STATUSMSG=@%+ CHANTYPES=#")
    ask(server, "BOT{X}: one", to="#dev[1]")
    server.expect(r"^PRIVMSG #dev\[1\] :alice: You said: one")
    server.pong()
    ask(server, "two", to="Bot{x]")
    server.expect(r"^PRIVMSG alice :You said: two")
    server.pong()
    ask(server, "bot[x]: three", to="@#dev[1]")  # said to operators only, answered to them only
    server.expect(r"^PRIVMSG @#dev\[1\] :alice: You said: three")
    server.pong()
    ask(server, "bot[x]: four", to="$$*")
    ask(server, "five", to="somebody")
    server.quiet(0.3)


def case_i13_kicks_have_a_limit():
    _, driver, server = talking(times={"rejoin": 50})
    for times in range(1, 5):
        server.send(":op!o@host KICK #a whether :no bots")
        driver.wait(rf"event=irc.kicked .*times={times} ")
        server.join()
    server.send(":op!o@host KICK #a whether :no bots")
    driver.wait(r"event=irc.kicked .*times=5 ")
    server.quiet(1)
    assert "kicked 5 times" in driver.wait_health("troubled")
    # Somebody else's kick, and one out of a channel that is none of ours, mean nothing.
    server.send(":op!o@host KICK #a alice :bye", ":op!o@host KICK #zzz whether :bye", ":x KICK", ":x KICK #a")
    ask(server, "still here?", to="whether")
    server.expect(r"You said: still here")


def case_i13_excess_flood_slows_down():
    server, driver, connection = talking(times={"pace": 100, "calm": 800})
    began = time.monotonic()
    connection.send("ERROR :Closing Link: whether (Excess Flood)")
    connection.close()
    driver.wait(r"event=irc.disconnected .*Excess Flood")
    connection = server.accept()
    assert time.monotonic() - began >= 0.75, time.monotonic() - began
    connection.register()
    connection.join()
    time.sleep(1.3)
    connection.confirms = True
    began = time.monotonic()
    ask(connection, "long 4", to="whether")
    ask(connection, "long 4", to="whether", by="bob!b@home.example")
    at = []
    while len(at) < 8:
        if connection.line().startswith("PRIVMSG"):
            at.append(time.monotonic() - began)
    assert at[7] - at[4] >= 0.5, at  # three lines at twice 100 ms


def case_i13_refused_channels():
    server, driver = scripted({"channels": "#full, #key wrong, #ok, #soon"}, {"rejoin": 50})
    connection = server.accept()
    connection.register()
    connection.expect(r"^JOIN #full$")
    connection.expect(r"^JOIN #key wrong$")
    connection.send(":s 471 whether #full :full", ":s 475 whether #key :bad key", ":whether!w@h.example JOIN #ok",
                    ":s 437 whether #soon :unavailable")
    connection.expect(r"^JOIN #soon$")
    connection.expect(r"^JOIN #soon$")  # a moment later, again
    connection.send(":whether!w@h.example JOIN #soon")
    text = eventually(lambda: "in 2 of 4" in (t := driver.status()["text"]) and t, "two channels")
    assert "the key is wrong" in text and "full" in text, text
    connection.quiet(0.5)


def case_i14_half_open_connection():
    server, driver, connection = talking(times={"silence": 400, "pong": 300})
    connection.expect(r"^PING whether$")
    connection.send(":irc.example PONG irc.example whether")
    connection.expect(r"^PING whether$")  # from now on nothing comes, as if the cable were cut
    driver.wait(r"event=irc.disconnected .*silent")
    again = server.accept()
    again.register()
    again.join()


def case_i14_attempts_back_off():
    port = free_port()
    driver = bot(network(port, channels="#a"), retry=50, jitter=10)
    waits = [int(driver.wait(r"event=irc.disconnected .*retry_ms=(\d+)")[1]) for _ in range(6)]
    expected = [50, 87, 152, 266, 465, 813]
    assert all(low <= wait <= low + 11 for wait, low in zip(waits, expected)), waits
    assert "Cannot connect" in driver.wait_health("troubled")


def case_i14_registration_times_out():
    for scene, step in ((lambda c: None, "capabilities"), (lambda c: c.send(":s CAP * LS :"), "welcome")):
        server, driver = scripted({}, {"step": 200, "retry": 30_000, "retry_most": 30_000})
        connection = server.accept()
        connection.expect(r"^USER ")
        scene(connection)
        driver.wait(rf"event=irc.disconnected .*Timed out, waiting for.*{step}")
        end(driver)


def case_i15_certificates():
    for name, why in (("other", r"(subject|host ?name|does not match)"), ("self", r"(self.signed|certificate)")):
        server = start(ScriptedServer(stage.keys.server_context(name)))
        driver = bot(network(server.port, tls=True, **sasl_config("pw")), retry=30_000, retry_most=30_000)
        try:
            got = server.accept().line(5)
            assert got is None, f"it went on, and said {got!r}"
        except (ssl.SSLError, ConnectionError, OSError):
            pass
        driver.wait(rf"event=irc.disconnected .*Cannot connect: .*{why}")
        end(driver)
    # A good certificate, but of a CA that nobody named.
    server = start(ScriptedServer(stage.keys.server_context()))
    driver = bot(network(server.port, tls=True, ca_file=path_of("self.pem")), retry=30_000, retry_most=30_000)
    try:
        got = server.accept().line(5)
        assert got is None, f"it went on, and said {got!r}"
    except (ssl.SSLError, ConnectionError, OSError):
        pass
    driver.wait(r"event=irc.disconnected .*Cannot connect: ")
    # A plain server where TLS is wanted.
    server = start(ScriptedServer())
    driver = bot(network(server.port, tls=True), retry=30_000, retry_most=30_000)
    connection = server.accept()
    connection.send(":irc.example NOTICE * :hello, this is no TLS")
    driver.wait(r"event=irc.disconnected .*Cannot connect: ")


def case_i15_passwords_want_tls():
    config = f"[irc net]\nserver = irc.example.org:6667\ntls = no\nserver_password_file = {secret('p', 'pw')}\n"
    driver = bot(config)
    driver.wait(r"(refused|fault).*(clear|tls)")
    parts.remove(driver)
    assert driver.stop() == 1


def case_i16_formatting_and_injection():
    _, driver, server = talking()
    ask(server, "\x02whether\x0f: \x0304,12red\x03 \x04ff0000hex\x04 \x1ditalic\x1d \x11mono\x11\ttab")
    driver.wait(r"^message .*text=red hex italic mono tab$")
    server.expect(r"^PRIVMSG")
    server.pong()
    driver.say("say irc net/#a alice; one\rQUIT :pwned")
    line = server.expect(r"^PRIVMSG #a :alice: one QUIT :pwned$")
    assert line
    server.pong()
    driver.say("say irc net/#a x\rQUIT; text")
    server.expect(r"^PRIVMSG #a :x QUIT: text$")
    server.pong()
    driver.say("say irc net/#a\rQUIT alice; text")
    driver.wait(r"^delivery id=\d+ how=refused why=it cannot be said")
    ask(server, "whether: still here?")
    server.expect(r"You said: still here")


def case_c4_c5_passwords_pass_unharmed():
    long = "%s%n" * 80 + "end"
    server, driver = scripted({"channels": "#a", "server_password_file": secret("pw", long), "realname": "100 %d bot"})
    connection = server.accept()
    connection.register()
    assert f"PASS :{long}" in connection.lines, connection.lines
    assert any(line.endswith(":100 %d bot") for line in connection.lines), connection.lines
    assert sum(line.startswith(("NICK", "USER", "PASS")) for line in connection.lines) == 3, connection.lines
    driver.never("%s%n")
    end(driver)
    # Lines of a secret's file are several secrets; the first is sent, and nothing but it.
    server, driver = scripted({"server_password_file": secret("inject", "pw\r\nQUIT :pwned\r\n")})
    connection = server.accept()
    connection.expect(r"^USER ")
    assert [line.split()[0] for line in connection.lines] == ["CAP", "PASS", "NICK", "USER"], connection.lines
    assert "PASS :pw" in connection.lines


def case_c7_a_burst_of_full_lines():
    """More at once than libircclient's buffer holds: nothing is lost, and all is in order."""
    _, driver, server = talking()
    words = [f"w{number:04d}" for number in range(350)]
    driver.say("say irc net/#a alice; " + " ".join(words))
    lines = [server.expect(r"^PRIVMSG #a :(.*)$")[1] for _ in range(5)]
    assert sum(map(len, lines[:3])) > 1024, lines
    assert " ".join(lines) == "alice: " + " ".join(words), lines
    server.pong()
    driver.wait(r"^delivery id=\d+ how=delivered")


def case_c9_renames_of_others():
    _, driver, server = talking()
    server.send(":whether_fan!f@host NICK zed", ":whethe!f@host NICK :x", "NICK y", "NICK", ":whether", ":a!b@c NICK",
                ":whether!w@host.example NICK", ":whether!w@host.example NICK :")
    ask(server, "direct", to="whether")
    server.expect(r"^PRIVMSG alice :You said: direct")
    server.pong()
    ask(server, "whether: in the channel")
    server.expect(r"^PRIVMSG #a :alice: You said: in the channel")
    server.pong()
    driver.wait(r"surface=dm .*text=direct")
    ask(server, "not for us", to="zed")
    server.quiet(0.3)


def case_c11_to_c15_lines_that_libircclient_cannot_take():
    _, driver, server = talking(caps="message-tags", support=" ".join(f"T{i}={i}" for i in range(11)) +
                                " CASEMAPPING=ascii CHANTYPES=#")
    server.confirms = True
    server.raw(b"\r\n\r\n\n\r\r\n \r\n   \r\n:\r\n: \r\n@\r\n@a\r\n@a \r\n@a :b\r\n")
    server.raw(b":x PRIVMSG whether :" + b"long " * 400 + b"\r\n")
    server.raw(b"y" * 100_000 + b"\r\n")
    server.raw(b":a!b@c PRIVMSG whether :\x01\r\n:a!b@c PRIVMSG\r\n:a!b@c PRIVMSG whether\r\n:a!b@c PRIVMSG whether :\r\n")
    server.raw(b":a!b@c NOTICE whether :\x01\r\n:a!b@c NOTICE\r\nPRIVMSG\r\nPRIVMSG x\r\nJOIN\r\nMODE\r\n001\r\n1\r\n")
    server.raw(b":nul\0here!b@c PRIVMSG whether :x\0y\r\n:a!b@c PRIVMSG whether :x\0y\r\n")
    server.raw(b":a!b@c PRIVMSG whether :cr\rinside\r\n")
    server.raw(b"FOO\r\n:a FOO\r\n:" + b"p" * 600 + b" 433 a b c d e f g h i j k l m n o p q r s t u v w\r\n")
    server.raw(b":bad\xff\xfe!b@c PRIVMSG whether :\xff\xfe\x80 broken\r\n")
    ask(server, "whether: alive?")
    server.expect(r"You said: alive\?", 30)
    driver.never(r"^message .*text=(cr|x|long)")


def case_c14_support_beyond_ten_parameters():
    tokens = " ".join(f"T{i}={i}" for i in range(11))
    _, _, server = talking({"nick": "bot[x]"}, nick="bot[x]", support=tokens + " CASEMAPPING=ascii BOT=b")
    assert "MODE bot[x] +b" in server.lines, server.lines
    ask(server, "BOT{X}: in rfc1459 this would be us")
    ask(server, "BOT[X]: this is us")
    server.expect(r"You said: this is us")


def case_c17_many_descriptors():
    """libircclient's select() aborts the process at descriptor 1,024: one below it is kept while there is no session."""
    server, driver, connection = talking(times={"retry": 1500, "retry_most": 1500})
    connection.close()
    driver.wait(r"event=irc.disconnected")
    driver.say("hog 1500")
    driver.wait(r"^hogging (\d+)")
    again = server.accept()
    again.register()
    again.join()
    ask(again, "whether: hello")
    again.expect(r"You said: hello")


def case_c19_nothing_of_before_on_a_new_connection():
    server, driver, connection = talking(times={"pace": 5000})
    ask(connection, "whether: long 9")
    ask(connection, "\x01VERSION\x01", to="whether")
    connection.expect(r"^PRIVMSG #a :alice: .*line 1")
    connection.close()
    driver.wait(r"how=unsure")
    again = server.accept()
    again.register()
    again.expect(r"^JOIN #a")
    assert [line.split()[0] for line in again.lines] == ["CAP", "NICK", "USER", "CAP", "PING", "JOIN"], again.lines


def case_c19_more_of_before_waits_to_be_asked_for():
    server, driver, connection = talking(times={"pace": 300})
    ask(connection, "whether: long 14")
    connection.expect(r"^PRIVMSG #a :- line 5 ")
    connection.pong()
    driver.wait(r"^delivery id=1 how=delivered")
    ask(connection, "whether: more")
    connection.expect(r"^PRIVMSG #a :alice: - line 6")
    connection.close()
    again = server.accept()
    again.register()
    again.join()
    again.quiet(1.5)
    ask(again, "whether: more")
    again.expect(r"^PRIVMSG #a :alice: - line 7$")


def case_c19_what_is_lost_while_away_is_told_to_nobody():
    """The store fails when the connection is gone already: the next one begins with nothing of it."""
    server, driver, connection = talking()
    ask(connection, "whether: hold", to="whether")
    driver.wait(r"^message .*text=hold")
    connection.close()
    driver.wait(r"event=irc.disconnected")
    driver.say("lose")
    driver.wait(r"event=irc.question_lost")
    again = server.accept()
    again.register()
    again.join()
    again.quiet(0.5)
    assert not any("PRIVMSG" in line for line in again.lines), again.lines
    ask(again, "hold", to="whether")  # while there is somebody to tell it to, it is told
    driver.wait(r"^message .*text=hold")
    driver.say("lose")
    again.expect(r"^PRIVMSG alice :I cannot keep anything in mind")


def case_what_is_lost_is_told_where_the_first_of_them_asked():
    """For all of a turn: not where the last did, nor nowhere since somebody talked of the weather after them."""
    for after in ("hold", "whether: hold"):
        _, driver, server = talking({"listen": "questions"})
        ask(server, "hold", to="whether")
        ask(server, after, by="bob!b@home.example")
        driver.wait(r"^message .*person=b@home.example .*text=hold")
        driver.say("lose")
        server.expect(r"^PRIVMSG alice :I cannot keep anything in mind")
        server.quiet(0.3)
        assert not any("PRIVMSG #a" in line for line in server.lines), server.lines


def case_what_is_lost_is_told_to_its_asker_though_others_were_answered():
    """Neither what somebody else asked and was answered nor a robot's line makes it untold; a robot is told nothing."""
    _, driver, server = talking(caps="message-tags")
    ask(server, "whether: hold", by="robot!r@home.example", tags="@bot ")
    ask(server, "hold", by="bob!b@home.example", to="whether")
    ask(server, "whether: hello")
    server.expect(r"^PRIVMSG #a :alice: You said: hello")
    server.pong()
    driver.say("lose")
    server.expect(r"^PRIVMSG bob :I cannot keep anything in mind")
    server.quiet(0.3)


def case_c20_strangers_on_the_loopback_socket():
    """Between connecting and the end of the handshake, anybody of this machine may knock."""
    listener = start(ScriptedServer())
    driver = bot(network(listener.port, tls=True, channels="#a"))
    raw, _ = listener.listener.accept()  # TCP, but no TLS yet
    port = eventually(lambda: listening_port(driver.process.pid), "the loopback socket")
    strangers = []
    for _ in range(3):
        stranger = socket.create_connection(("127.0.0.1", port), timeout=5)
        stranger.sendall(b"NICK x\r\nUSER x x x x\r\nQUIT :pwned\r\n")
        strangers.append(stranger)
    tls = stage.keys.server_context().wrap_socket(raw, server_side=True)
    connection = Connection(tls)
    listener.connections.append(connection)
    connection.register()
    connection.join()
    for stranger in strangers:
        try:
            assert stranger.recv(100) == b"", "a stranger was heard"
        except ConnectionError:
            pass
        stranger.close()
    assert not any("pwned" in line for line in connection.lines)
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
        raise AssertionError("the socket still listens")
    except ConnectionRefusedError:
        pass


def listening_port(pid):
    """Of the only socket of this process that listens, or None."""
    inodes = set()
    for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            if match := re.match(r"socket:\[(\d+)\]", str(fd.readlink())):
                inodes.add(match[1])
        except OSError:
            pass
    for line in pathlib.Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[3] == "0A" and words[9] in inodes:
            return int(words[1].split(":")[1], 16)
    return None


sys.exit(run_cases(sys.argv, globals()))
