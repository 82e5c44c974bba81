"""Writes the page."""

from tests.rules_page.page import PAGE, ROOT, page

if __name__ == "__main__":
    PAGE.write_text(page())
    print(f"wrote {PAGE.relative_to(ROOT)}")
