#pragma once

/*
 * Where on the disk the daemon goes for what its configuration says: to read secrets, certificates
 * and packs, and again when it reloads them; to write the store and records.
 */
struct config;
struct confine_places;

/* Adds them. A folder for records that is not there yet is made, so that it can be allowed. */
void config_places(const struct config *config, struct confine_places *places);
