-- Bytes of a page.
PRAGMA page_size;
