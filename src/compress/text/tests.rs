//! What becomes of prose, and that every word of it is there or under a marker.

use super::*;
use crate::compress::Context;

const HANDLE: &str = "3f9c2a71d04be586";

fn forms(text: &str, budget: Option<usize>) -> Vec<Form> {
    let context = Context { retrievable: true, budget, ..Context::of(HANDLE) };
    Text.forms(&Input::of(text, Kind::Text, &context))
}

#[test]
fn a_repeated_option_is_told_once_and_a_picture_shown_once() {
    let option = "  --all=false\n\tSelect all of the resources in the namespace that is named.\n";
    let picture = "<img src=\"https://x.io/u/12586868?v=4\" alt=\"avatar\"/>";
    let shown = forms(&format!("{option}\n{option}\n- {picture} [A](x) one\n- {picture} [A](x) two\n"), None);
    assert_eq!(shown.iter().map(|form| form.loss).collect::<Vec<_>>(), [Loss::None, Loss::Layout]);
    for form in shown {
        assert!(form.text.contains("\n  --all=false (as above)\n"));
        assert!(form.text.ends_with(" [A](x) one\n- <img/> [A](x) two\n"));
        let legend = form.text.lines().next().unwrap();
        assert!(legend.contains(echoed::TELLS) && legend.contains(echoed::PICTURES_TELL));
    }
}

#[test]
fn sentences_go_only_where_a_budget_asks_for_it() {
    let text = "The first one leads. ".to_owned() + &"And another one follows that tells of little. ".repeat(30);
    assert!(forms(&text, None).iter().all(|form| form.loss < Loss::Content));
    assert!(forms(&text, Some(10_000)).iter().all(|form| form.loss < Loss::Content));
    let sampled = forms(&text, Some(100));
    assert_eq!(sampled.len(), 1);
    assert!(sampled[0].loss == Loss::Content && tokens::count(&sampled[0].text) <= 100);
}
