//! What becomes of pages, and that no word of theirs is lost.

use proptest::prelude::*;

use super::*;
use crate::compress::Context;

const HANDLE: &str = "3f9c2a71d04be586";

fn shown(page: &str) -> String {
    markdown::markdown(page, Signs::Round).text
}

#[test]
fn headings_lists_links_and_code_are_markdown() {
    let page = "<h2>Use<a class=headerlink href='#use'>¶</a></h2><p>See  the\n<a href='https://x.io/a?b=1&amp;c=2'>guide</a>\
        \u{a0}of <code>make</code>.</p><ul><li>one<ul><li><p>inner</p></ul><li>two</ul><ol start=3><li>three</ol>\
        <pre><code class=\"language-rust\">fn main() {\n    a &lt; b;\n}\n</code></pre>";
    let expected = "## Use {#use}\n\nSee the [guide](https://x.io/a?b=1&c=2) of `make`.\n- one\n  - inner\n- two\n\
        3. three\n\n```rust\nfn main() {\n    a < b;\n}\n```";
    assert_eq!(shown(page), expected);
}

#[test]
fn a_link_cuts_no_word() {
    let page = "<p>returns java.util.<a href=L.html>List</a>&lt;<a href=S.html>String</a>&gt; and <a href=x>foo</a>_bar \
        <a href=Home>Home</a>/<a href=Docs>Docs</a> end <a href=y>here</a>.";
    let text = shown(page);
    for word in ["java.util.List<", "foo_bar", "Home/Docs", "[here](y).", "L.html", "S.html"] {
        assert!(text.contains(word), "{word} in {text}");
    }
}

#[test]
fn tables_keep_their_columns() {
    let page = "<table><tr><th>name<th>size<th>note</tr><tr><td rowspan=2>a<td>1<td><p>x</p><p>y</p><tr><td>2<td>z\
        <tr><td colspan=2>sum<td>3</table>after";
    assert_eq!(shown(page), "name | size | note\n---|---|---\na | 1 | x y\n | 2 | z\nsum |  | 3\n\nafter");
}

#[test]
fn forms_pictures_and_what_scripts_replace_are_told() {
    let page = "<title>T</title><meta name=description content='About it'><script src=/app.3f9c.js>var a = '<p>no</p>';\
        </script><noscript><p>Turn it on</p></noscript><label>Name <input name=user placeholder=you></label>\
        <img alt='A chart' src=/c.png><svg><text>x</text></svg><!-- no -->";
    let text = shown(page);
    assert_eq!(
        text,
        "title: T\ndescription: About it\n\nTurn it on\n\nName [text user you] ![A chart](/c.png)\n\nscripts: /app.3f9c.js"
    );
}

#[test]
fn what_is_struck_out_raised_or_chosen_says_so() {
    let page = "<p>10<sup>6</sup> rows at x<sup>-2</sup>, the 1<sup>st</sup> was <del>$50</del> $55<s> </s>.</p><ul>\
        <li><input type=checkbox checked> a<li><input type=checkbox> b</ul><select><option>US<option selected>EU</select>\
        <pre>a <s>b</s></pre>";
    let text = shown(page);
    assert_eq!(
        text,
        "10^6 rows at x^-2, the 1st was ~~$50~~ $55 .\n- [checkbox checked] a\n- [checkbox] b\n\nUS, [selected] EU\n\n`a b`"
    );
    assert_eq!(literal::lost(&visible::visible(page), &text, 1, ""), None);
}

#[test]
fn fifty_thousand_open_tags_are_read() {
    for tag in ["<div>", "<table><tr><td>", "<ul><li>", "<noscript>", "<svg>", "<a href=x>", "<blockquote>", "<code>"] {
        let page = format!("<p>start {}last_word</p>", tag.repeat(50_000));
        let start = std::time::Instant::now();
        assert!(visible::visible(&page).len() < page.len() * 2);
        let _ = shown(&page);
        assert!(start.elapsed().as_secs() < 5, "{tag}: {:?}", start.elapsed());
    }
}

#[test]
fn the_digest_counts_what_is_left_out() {
    let page = format!(
        "<!DOCTYPE html><html><head><style>a{{}}</style></head><body>{}<!-- c --></body></html>\n",
        "<p class='lead text-muted mb-3' data-id='7'>文字 &lt;div&gt; foo_bar</p>".repeat(20)
    );
    let context = Context { retrievable: true, ..Context::of(HANDLE) };
    let forms = Html.forms(&Input::of(&page, Kind::Html, &context));
    let first = forms[0].text.lines().next().unwrap();
    assert_eq!(
        first,
        marker::digest("page as Markdown", "48 tags with their attributes, 1 style sheet, 1 comment", HANDLE)
    );
    assert!(forms[0].text.contains("\n文字 <div> foo_bar\n"));
    assert_eq!(Html.forms(&Input::of(&page, Kind::Html, &Context::of(HANDLE))), []);
}

#[test]
fn templates_source_and_prose_are_no_pages() {
    let rows = "<li class=\"x\"><a href=\"/a\">text</a></li>\n".repeat(20);
    assert!(looks_like(&format!("<ul>{rows}</ul>")));
    assert!(looks_like(&format!("HTTP/1.1 200 OK\r\nDate: x\r\n\r\n<!DOCTYPE html>\n{rows}")));
    for text in [
        format!("<ul>{rows}{{{{ user.name }}}}</ul>"),
        format!("use it so:\n{rows}"),
        "<dependency><groupId>x</groupId><version>1</version></dependency>".repeat(20),
        "<1% of all\n".repeat(40),
    ] {
        assert!(!looks_like(&text), "{text}");
    }
}

proptest! {
    #[test]
    fn no_page_makes_it_panic(page in "(<(a href=x1|p|td|tr|table|ul|li|pre|code|h2|svg|noscript|blockquote|dd|dl|select|option|td rowspan=3|img src=y)>|</(a|p|td|tr|table|ul|li|pre|code|h2|svg|noscript|blockquote|dd|dl|select)>|foo_bar| |\n|é|文|&lt;|[a-z./_]{1,6}|```){0,80}") {
        for signs in [Signs::Round, Signs::Behind] {
            let text = markdown::markdown(&page, signs).text;
            let _ = repeats::without_repeats(&text);
        }
        let _ = visible::visible(&page);
    }
}
