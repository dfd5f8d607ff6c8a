#!/usr/bin/env python3
"""The bot on IRC: on ngIRCd, on InspIRCd with Atheme, and how answers are delivered. Faults: irc_faults.py.

usage: irc.py IRC-DRIVER [NAME...]     prints TAP; NAMEs run only these cases
"""
import re
import sys
import threading
import time

import ircstage as stage
from irckit import PATIENCE_S, Atheme, Inspircd, Ngircd, Person, register_account
from ircstage import ask, bot, end, network, parts, path_of, run_cases, scripted, secret, start, talking

# --- real servers ----------------------------------------------------------------------------------


def case_ngircd_with_tls_and_password():
    server = start(Ngircd(stage.scratch, stage.keys, password="let%sme%xin"))
    driver = bot(network(server.tls_port, tls=True, channels="#a, #b key",
                         server_password_file=secret("pass", "let%sme%xin")))
    alice = start(Person(server.port, "alice", password="let%sme%xin"))
    driver.wait(r"event=irc.joined .*channel=#b")
    alice.join("#a")
    alice.tell("#a", "whether: hello")
    alice.wait(r"^:whether!\S+ PRIVMSG #a :alice: You said: hello$")
    driver.wait(r"^delivery id=1 how=delivered")
    alice.tell("whether", "hi there")
    alice.wait(r"^:whether!\S+ PRIVMSG alice :You said: hi there$")
    alice.tell("#a", "whether to use Node or Django is not for you")
    alice.tell("#a", "@whether last")
    alice.wait(r"alice: You said: last$")
    driver.never("text=to use Node")
    alice.say("NOTICE whether :whether: are you there?")
    alice.tell("whether", "\x01VERSION\x01")
    alice.wait(r"NOTICE alice :.?VERSION whether ")
    assert "ready" == driver.status()["health"]
    driver.finish()
    alice.wait(r"^:whether!\S+ QUIT")
    driver.never("are you there")


def case_ngircd_kick_and_rejoin():
    server = start(Ngircd(stage.scratch, stage.keys))
    alice = start(Person(server.port, "alice"))
    alice.join("#a")
    driver = bot(network(server.port, channels="#a"))
    alice.wait(r"^:whether!\S+ JOIN")
    alice.say("KICK #a whether :out")
    driver.wait(r"event=irc.kicked .*times=1")
    alice.wait(r"^:whether!\S+ JOIN")
    alice.say("MODE #a +b whether!*@*", "KICK #a whether :and stay out")
    driver.wait(r"event=irc.join_refused .*banned")
    assert "banned" in driver.wait_health("troubled")
    # Alone in its channel's absence it still answers directly.
    alice.tell("whether", "hello")
    alice.wait(r"PRIVMSG alice :You said: hello$")
    # The ban is lifted and somebody invites it.
    alice.say("MODE #a -b whether!*@*", "INVITE whether #a")
    alice.wait(r"^:whether!\S+ JOIN")
    driver.wait_health("ready")


def case_ngircd_nick_taken_and_regained():
    server = start(Ngircd(stage.scratch, stage.keys))
    squatter = start(Person(server.port, "whether"))
    squatter.join("#a")
    driver = bot(network(server.port, channels="#a"))
    squatter.wait(r"^:whether_!\S+ JOIN")
    squatter.tell("#a", "whether_: by your name of now")
    squatter.wait(r"whether: You said: by your name of now")
    squatter.say("NICK someone")
    driver.wait(r"event=irc.nick .*nick=whether$")
    squatter.tell("whether", "got it")
    squatter.wait(r"^:whether!\S+ PRIVMSG someone :You said: got it")


def case_ngircd_restart_of_the_server():
    server = start(Ngircd(stage.scratch, stage.keys))
    driver = bot(network(server.tls_port, tls=True, channels="#a"))
    driver.wait(r"event=irc.joined")
    parts.remove(server)
    server.stop()
    driver.wait(r"event=irc.disconnected")
    driver.wait_health("troubled")
    again = start(Ngircd(stage.scratch, stage.keys, port=server.port, tls_port=server.tls_port))
    driver.wait(r"event=irc.joined", 30)
    alice = start(Person(again.port, "alice"))
    alice.join("#a")
    alice.tell("#a", "whether, hello again")
    alice.wait(r"alice: You said: hello again")


def case_inspircd_two_bots_and_a_person():
    server = start(Inspircd(stage.scratch, stage.keys))
    both = bot(network(server.tls_port, "one", tls=True, nick="whether", channels="#a", listen="questions") +
               network(server.tls_port, "two", tls=True, nick="other", channels="#a", listen="questions"))
    alice = start(Person(server.port, "alice", caps="message-tags server-time"))
    alice.join("#a")
    both.seen(r"event=irc.joined network=one")
    both.seen(r"event=irc.joined network=two")
    alice.tell("#a", "whether: Node or Django?")
    line = alice.wait(r"PRIVMSG #a :alice: You said: Node or Django\?$").string
    assert re.match(r"@\S*(?:^|[;@/])(?:inspircd.org/)?(?:draft/)?bot", line), f"no bot tag: {line}"
    # The other one hears both, and knows the first for a bot.
    both.seen(r"message adapter=irc two surface=ambient bot=0 .*text=whether: Node or Django")
    both.seen(r"message adapter=irc two surface=ambient bot=1 .*text=alice: You said: Node or Django")
    # They even answer to each other's names without starting a dialogue.
    alice.tell("#a", "other: whether: hello")
    alice.wait(r"^\S* ?:other!\S+ PRIVMSG #a :alice: You said: whether: hello")
    time.sleep(1)
    assert both.count(r"^message .*bot=1 .*surface=mention|^message .*surface=mention bot=1") == 0
    # msgid is the identity of a message, server-time its moment.
    assert all("identity=-" not in line for line in both.lines if line.startswith("message "))


def case_inspircd_with_services():
    server = start(Inspircd(stage.scratch, stage.keys))
    services = start(Atheme(stage.scratch, server))
    register_account(server, stage.keys, "advisor", "s3cret%x", cert="client")
    # SASL PLAIN
    driver = bot(network(server.tls_port, tls=True, nick="whether", channels="#a", sasl="plain", sasl_user="advisor",
                         sasl_password_file=secret("pw", "s3cret%x")))
    driver.wait(r"event=irc.connected .*account=advisor")
    driver.wait(r"event=irc.joined")
    end(driver)
    # SASL EXTERNAL, by the client's certificate
    driver = bot(network(server.tls_port, tls=True, nick="whether", channels="#a", sasl="external",
                         sasl_user="advisor", cert_file=path_of("client.pem"), key_file=path_of("client.key")))
    driver.wait(r"event=irc.connected .*account=advisor")
    end(driver)
    # A wrong password: never in unauthenticated, and given up after a few tries.
    watcher = start(Person(server.port, "watcher"))
    watcher.join("#a")
    driver = bot(network(server.tls_port, tls=True, channels="#a", sasl="plain", sasl_user="advisor",
                         sasl_password_file=secret("bad", "wrong")))
    driver.wait(r"event=irc.failed", 40)
    assert "SASL" in driver.status()["text"]
    driver.never("event=irc.connected")
    driver.never("wrong")
    watcher.never(r"whether\S* JOIN")
    end(driver)
    # NickServ, where there is no SASL in the config.
    driver = bot(network(server.tls_port, tls=True, nick="advisor", channels="#a",
                         nickserv_password_file=secret("ns", "s3cret%x")))
    driver.wait(r"event=irc.connected")
    driver.wait(r"event=irc.joined")
    watcher.say("WHOIS advisor")
    watcher.wait(r" 330 \S+ advisor advisor ")
    end(driver)
    # The services go away: SASL is not offered, and the bot stays out.
    parts.remove(services)
    services.stop()
    driver = bot(network(server.tls_port, tls=True, channels="#a", sasl="plain", sasl_user="advisor",
                         sasl_password_file=secret("pw", "s3cret%x")))
    driver.wait(r"event=irc.disconnected .*SASL", 40)
    driver.never("event=irc.connected")
    # They come back: it comes in by itself.
    start(Atheme(stage.scratch, server))
    driver.wait(r"event=irc.connected .*account=advisor", 40)


# --- NickServ, scripted ----------------------------------------------------------------------------


def case_nickserv_before_channels():
    server, driver = scripted({"channels": "#a", "nickserv_password_file": secret("ns", "s3cret")})
    connection = server.accept()
    connection.register()
    connection.expect(r"^PRIVMSG NickServ :IDENTIFY s3cret$")
    connection.send(":NickServ!s@services NOTICE whether :This nickname is registered.")
    connection.send(":mallory!m@evil.example NOTICE whether :You are now identified")
    connection.quiet(0.4)
    connection.send(":NickServ!s@services NOTICE whether :You are now identified for whether.")
    connection.join()
    driver.never("s3cret")


def case_nickserv_password_to_the_byte():
    """No character of it is one of ours, of libircclient's, or of printf's."""
    for password in ("".join(map(chr, range(33, 127))), ":%s%n%%\\ \\r {x} \u00fc\u6f22", "p" * 400):
        server, driver = scripted({"channels": "#a", "nickserv_password_file": secret("ns", password)})
        connection = server.accept()
        connection.register()
        said = connection.expect(r"^PRIVMSG NickServ :IDENTIFY (.*)$")[1]
        assert said == password, said
        end(driver)


def case_password_longer_than_a_line():
    for key in ("nickserv_password", "server_password"):
        _, driver = scripted({key + "_file": secret("long", "p" * 401)})
        driver.wait(rf"\[irc net\] {key} is longer than 400 bytes")
        parts.remove(driver)
        driver.process.wait(PATIENCE_S)


def case_nickserv_frees_the_nick():
    server, driver = scripted({"channels": "#a", "nickserv_password_file": secret("ns", "s3cret")}, {"services": 300})
    connection = server.accept()
    connection.expect(r"^USER ")
    connection.send(":s CAP * LS :")
    connection.expect(r"^CAP END")
    connection.send(":s 433 * whether :in use")
    connection.expect(r"^NICK whether_$")
    connection.welcome("whether_")
    connection.expect(r"^PRIVMSG NickServ :IDENTIFY whether s3cret$")
    connection.expect(r"^PRIVMSG NickServ :GHOST whether s3cret$")
    driver.wait("event=irc.services_silent")  # and on it goes without them
    connection.join(nick="whether_")
    connection.expect(r"^ISON whether$")
    connection.send(":s 303 whether_ :")
    connection.expect(r"^NICK whether$")


def case_motd_without_an_end():
    server, driver = scripted({"channels": "#a"}, {"services": 300})
    connection = server.accept()
    connection.expect(r"^USER ")
    connection.send(":s CAP * LS :")
    connection.expect(r"^CAP END")
    connection.send(":s 001 whether :Welcome", ":s 375 whether :- Message")
    connection.join()
    driver.wait("event=irc.joined")


# --- delivery --------------------------------------------------------------------------------------


def case_delivered_only_with_the_pong():
    _, driver, server = talking()
    ask(server, "whether: hello")
    server.expect(r"^PRIVMSG #a :alice: You said: hello")
    token = server.expect(r"^PING (\S+)$")[1]
    server.send(":irc.example PONG irc.example other", ":irc.example PONG", "PONG")
    time.sleep(0.3)
    driver.never(r"^delivery")
    server.send(f":irc.example PONG irc.example :{token}")
    driver.wait(r"^delivery id=1 how=delivered")


def case_unsure_is_never_sent_twice():
    server, driver, connection = talking()
    ask(connection, "whether: hello")
    connection.expect(r"^PRIVMSG #a :alice: You said: hello")
    connection.close()
    driver.wait(r"^delivery id=1 how=unsure")
    again = server.accept()
    again.register()
    again.join()
    driver.wait(r"event=irc.delivery_unknown .*delivery=1|^delivery id=1 how=refused")
    driver.seen(r"^delivery id=1 how=refused why=.*not sent twice")
    again.quiet(0.5)


def case_unwritten_answers_wait_for_the_connection():
    server, driver, connection = talking()
    connection.close()
    driver.wait(r"event=irc.disconnected")
    driver.say("say irc net/#a alice; of before")
    driver.say("unsure irc net/#a alice; of a crash")
    again = server.accept()
    again.register()
    again.expect(r"^JOIN #a")
    again.quiet(0.3)  # not in the channel yet
    again.send(":whether!w@host.example JOIN #a")
    again.expect(r"^PRIVMSG #a :alice: of before", 30)
    again.pong()
    driver.seen(r"^delivery id=2 how=refused")
    assert not any("of a crash" in line for line in again.lines)


def case_answers_wait_while_kicked():
    _, driver, server = talking(times={"rejoin": 500})
    server.send(":op!o@host KICK #a whether :out")
    driver.wait(r"event=irc.kicked")
    driver.say("say irc net/#a alice; patience")
    server.join()
    server.expect(r"^PRIVMSG #a :alice: patience", 30)


def case_refusals_of_the_server():
    _, driver, server = talking()
    # 477: InspIRCd, unregistered in a +M channel, or to a +R user; 482: no operator any more; 716: +g.
    for number, target, answer_to in ((401, "alice", "whether"), (404, "#a", "#a"), (477, "#a", "#a"),
                                      (477, "alice", "whether"), (482, "#a", "@#a"), (486, "alice", "whether"),
                                      (439, "alice", "whether"), (707, "alice", "whether"), (716, "alice", "whether")):
        ask(server, "whether: hello", to=answer_to)
        server.expect(r"^PRIVMSG")
        server.send(f":irc.example {number} whether {target} :No")
        server.pong()
        driver.wait(rf"^delivery id=\d+ how=refused why=the server says {number}: No")


def case_notice_instead_of_privmsg():
    _, _, server = talking({"notice": "yes"})
    ask(server, "whether: hello")
    server.expect(r"^NOTICE #a :alice: You said: hello")
    server.pong()
    ask(server, "hello", to="whether")
    server.expect(r"^PRIVMSG alice :You said: hello")


def case_overheard_only_where_asked_to():
    _, driver, server = talking({"listen": "questions"})
    ask(server, "Node or Django for a shop?")
    driver.wait(r"surface=ambient .*conversation=#a alice .*text=Node or Django")
    ask(server, "Node or Django?", to="#somewhere")
    driver.wait(r"surface=ambient .*conversation=#somewhere alice")
    _, driver, server = talking()
    ask(server, "Node or Django for a shop?")
    ask(server, "whether to use Node, who knows")
    ask(server, "whether: yes")
    server.expect(r"You said: yes")
    driver.wait(r"^message .*text=yes")
    assert driver.count(r"^message") == 1


# --- weather ---------------------------------------------------------------------------------------


def case_netsplit():
    _, driver, server = talking({"listen": "questions"})
    people = [f"user{i}" for i in range(500)]
    server.send(*(f":{p}!u@host.example QUIT :hub.example leaf.example" for p in people))
    server.send(*(f":{p}!u@host.example JOIN #a" for p in people))
    server.send(":hub.example MODE #a +ooo user1 user2 user3")
    server.quiet(0.3)
    ask(server, "whether: alive?")
    server.expect(r"You said: alive")
    driver.never("kicked")


def case_flood_of_lines():
    _, driver, server = talking(times={"pace": 1})
    block = b"".join(b":noise!n@host.example PRIVMSG #a :line %d of a lot of noise\r\n" % i for i in range(20000))
    sender = threading.Thread(target=server.raw, args=(block,), daemon=True)
    sender.start()
    sender.join(60)
    ask(server, "whether: alive?")
    server.expect(r"You said: alive", 60)
    driver.never("disconnected")


def case_kill_and_ban():
    server, driver, connection = talking()
    connection.send(":op!o@host KILL whether :go away", "ERROR :Closing Link: host.example (Killed (op (go away)))")
    connection.close()
    driver.wait(r"event=irc.disconnected .*Killed")
    again = server.accept()
    again.expect(r"^USER ")
    again.send(":irc.example 465 whether :You are banned from this server", "ERROR :Closing Link: K-Lined")
    driver.wait(r"event=irc.failed .*banned")
    assert driver.status()["health"] == "failed"


def case_wrong_server_password():
    server, driver = scripted({"server_password_file": secret("pw", "x")})
    connection = server.accept()
    connection.expect(r"^USER ")
    connection.send(":irc.example 464 whether :Password incorrect")
    driver.wait(r"event=irc.failed .*Password incorrect")
    driver.never("PASS")


def case_idle_is_idle():
    _, driver, server = talking()
    time.sleep(2)
    ask(server, "whether: hello")
    server.pong()
    driver.wait("how=delivered")
    parts.remove(driver)
    began = time.monotonic()
    stopper = threading.Thread(target=driver.finish)
    stopper.start()
    server.expect(r"^QUIT :bye")
    server.close()
    stopper.join(20)
    assert time.monotonic() - began < 3
    turns = int(driver.seen(r"^stopped turns=(\d+)")[1])
    assert turns < 150, turns


def case_stop_ends_even_where_nobody_listens():
    _, driver, server = talking(times={"pace": 60_000, "farewell": 600})
    ask(server, "whether: long 4")
    parts.remove(driver)
    began = time.monotonic()
    driver.finish()
    assert time.monotonic() - began < 5
    assert server
    server, driver = scripted()
    connection = server.accept()
    connection.expect(r"^USER ")
    end(driver)


sys.exit(run_cases(sys.argv, globals()))
