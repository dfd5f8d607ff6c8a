#pragma once

/*
 * Chats that talk by webhooks in the manner of Slack's older days: Mattermost and Rocket.Chat,
 * which are answered in the response, and Discord, which only listens (docs/chats.md). What makes
 * one differ from another is a row in chathook.c. All three take announcements by an incoming
 * webhook.
 */
struct adapter_ops;

extern const struct adapter_ops adapter_mattermost, adapter_rocketchat, adapter_discord;
