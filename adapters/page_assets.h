#pragma once

/* The files of adapters/page/, as the build puts them into the program (script/embed.py). */
struct http_asset;

#define PAGE_STYLE_PATH "/page/style.css"
#define PAGE_SCRIPT_PATH "/page/page.js"
#define PAGE_ICON_PATH "/page/icon.svg"

extern const struct http_asset page_style, page_script, page_icon;
