//! What becomes of trees, and that forms read back.

use proptest::prelude::*;

use super::*;

fn formed(text: &str) -> Option<String> {
    DRAWINGS.iter().find_map(|drawing| form(text, drawing))
}

#[test]
fn a_tree_is_told_by_indentation() {
    let text = "src\n├── cli\n│   ├── out.rs\n│   └── wrap.rs\n├── json\n│   └── mod.rs\n└── lib.rs\n\n3 folders\n";
    let form = formed(text).unwrap();
    let (_, body) = form.split_once('\n').unwrap();
    assert_eq!(body, "src\n cli\n  out.rs\n  wrap.rs\n json\n  mod.rs\n lib.rs\n\n3 folders\n");
    assert_eq!(read(&form).as_deref(), Some(text));
}

#[test]
fn sizes_lose_their_padding() {
    let rows = (0..8).map(|n| format!("├── [{:>11}]  f{n}.ts\n", n * 977)).collect::<Vec<_>>().concat();
    let text = format!("[       4096]  src\n{rows}└── [        338]  z.ts\n");
    let form = formed(&text).unwrap();
    assert!(form.contains("\n[4096] src\n [0] f0.ts\n [977] f1.ts\n"), "{form}");
}

#[test]
fn a_tree_that_was_cut_off_says_where_it_goes_on() {
    let text = "shop@1.4.0\n├── a@1.0.0\n├─┬ b@2.0.0\n│ ├── c@1.1.0 deduped\n│ └─┬ d@3.0.0\n│   ├── e@1.0.0\n│   ├─┬ f@1.0.0\n│   │ ├── g@1.0.0";
    let form = formed(text).unwrap();
    assert!(form.contains("; more follows at level 4; more follows at level 3; more follows at level 1"), "{form}");
}

proptest! {
    #[test]
    fn every_drawing_reads_back(levels in prop::collection::vec(0usize..5, 6..40), which in 0..DRAWINGS.len(), cut in any::<bool>()) {
        let mut above = 0;
        let mut lines = vec![(0, "root".to_owned())];
        for (at, level) in levels.into_iter().enumerate() {
            above = level.min(above) + 1;
            lines.push((above, format!("n{at}")));
        }
        let more = if cut { vec![1] } else { Vec::new() };
        let text = DRAWINGS[which].draw(&lines, &more, false);
        let form = formed(&text).unwrap();
        prop_assert_eq!(read(&form), Some(text));
    }

    #[test]
    fn noise_does_no_harm(text in "(│   |│ |├── |└── |├─┬ |    |\\[ *12\\]  |a|\n|\r|é){0,80}") {
        if let Some(form) = formed(&text) {
            prop_assert_eq!(read(&form), Some(text));
        }
    }
}
