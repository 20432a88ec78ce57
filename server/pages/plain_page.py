"""Plain pages: whole documents without scripts, in the styles of a page that has them."""

import re
from html import escape
from string import Template

from booking_rush.server.web.static_files import Site

STYLES = re.compile(r'<link rel="stylesheet"[^<>]*>')
PAGE = Template("""<!doctype html>
<html lang="${language}" dir="${direction}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${title}</title>
    <link rel="icon" href="/favicon.ico" type="image/svg+xml">
    ${styles}
  </head>
  <body>
    <header class="top"><a class="brand" href="/">${brand}</a></header>
    <main class="column">
${main}
    </main>
  </body>
</html>
""")


def plain_page(found: Site, styled_as: str, title: str, main: str) -> str:
    """Return a page in the styles of another, `index.html`; `main` is HTML, the title is text."""
    return PAGE.substitute(
        language=found.language,
        direction=found.texts["direction"],
        brand=escape(found.texts["common.brand"]),
        styles="".join(STYLES.findall(found.files[styled_as].content.decode())),
        title=escape(title),
        main=main,
    )
