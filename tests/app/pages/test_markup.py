"""HTML made of anybody's text: it reads back as that text, and nothing of it becomes an element."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from app.pages.markup import element, join, lines, picture, table, text


class Reader(HTMLParser):
    """Python's own reader: the elements with their attributes, and the text between them."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.elements, self.words = [], ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words += data


PRINTABLE = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60)


@given(
    PRINTABLE | st.sampled_from(["${alert(1)}", "{{alert(1)}}", "`", "\\u003cimg>", "</td><script>x</script>", "&lt;"])
)
def test_any_text_reads_back_and_starts_no_element_or_template(value):
    markup = element("td", text(value), title=value)
    read = Reader(markup)
    assert read.words == value
    assert [tag for tag, _ in read.elements] == ["td"]
    assert read.elements[0][1].get("title", "") == value
    assert not set("${}`\\") & set(markup)


def test_a_table_has_its_headers_rows_and_name():
    read = Reader(table(["A", "B"], [[text("1"), text("<2>")], [text("3"), text("")]], described="x & y"))
    assert [tag for tag, _ in read.elements].count("tr") == 3
    assert [tag for tag, _ in read.elements].count("th") == 2
    assert read.words == "AB1<2>3"
    assert ("table", {"aria-label": "x & y"}) in read.elements


def test_a_list_and_a_picture_escape_what_they_are_given():
    read = Reader(join(lines(["<a>", "b"]), picture('/x?"onerror="y', described="<p>", style="flex: 3 1 0")))
    assert [tag for tag, _ in read.elements] == ["ul", "li", "li", "img"]
    assert read.elements[-1][1] == {"src": '/x?"onerror="y', "alt": "<p>", "style": "flex: 3 1 0"}
