#pragma once

#include "adapters/irc_login.h"

/* With SASL and a server password: for the tests of the login, and of the relay around it. */
static const struct irc_login_setup sasl_setup = {.nick = "whether",
                                                  .username = "w",
                                                  .realname = "a bot",
                                                  .server_password = "p%s",
                                                  .sasl = IRC_SASL_PLAIN,
                                                  .sasl_user = "jilles",
                                                  .sasl_password = "sesame"};
