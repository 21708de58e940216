//! For the elided form: blocks of lines that stood before: the same warning at another place, the frames that two traces share.

use std::collections::HashMap;

/// Fewer lines are no block: their marker would say as much as they do.
const SHORTEST: usize = 3;

/// A block with fewer characters costs about as much as its marker.
const FEWEST_CHARACTERS: usize = 160;

/// For each line of a block that stood before, the line that it repeats. Only lines that `stand` in the form count, on
/// both sides.
pub(super) fn find(lines: &[&str], stands: impl Fn(usize) -> bool) -> Vec<Option<usize>> {
    let mut from: Vec<Option<usize>> = vec![None; lines.len()];
    let mut seen = HashMap::new();
    let numbers: Vec<usize> = lines
        .iter()
        .map(|line| {
            let next = seen.len();
            *seen.entry(*line).or_insert(next)
        })
        .collect();
    let mut windows: HashMap<&[usize], usize> = HashMap::new();
    let mut line = 0;
    while line + SHORTEST <= lines.len() {
        let window = &numbers[line..line + SHORTEST];
        if lines[line].trim().is_empty() {
            line += 1;
            continue;
        }
        let Some(&first) = windows.get(window) else {
            windows.insert(window, line);
            line += 1;
            continue;
        };
        let is_same = |at: &usize| {
            first + at < line
                && numbers[first + at] == numbers[line + at]
                && from[first + at].is_none()
                && stands(first + at)
                && stands(line + at)
        };
        let length = (0..lines.len() - line).take_while(is_same).count();
        let characters: usize = lines[line..line + length].iter().map(|line| line.len() + 1).sum();
        if length >= SHORTEST && characters >= FEWEST_CHARACTERS {
            for at in 0..length {
                from[line + at] = Some(first + at);
            }
            line += length;
        } else {
            line += 1;
        }
    }
    from
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(name: &str) -> Vec<String> {
        (0..4).map(|n| format!("    at {name}.frame{n} (/srv/app/node_modules/{name}/lib/index.js:{n}:1)")).collect()
    }

    fn found(lines: &[String]) -> Vec<Option<usize>> {
        find(&lines.iter().map(String::as_str).collect::<Vec<_>>(), |line| !lines[line].is_empty())
    }

    #[test]
    fn a_block_that_stood_before_is_found_wherever_it_comes_again() {
        let lines = [vec!["a".to_owned()], block("x"), vec!["b".to_owned()], block("x"), block("x")].concat();
        let mut expected = vec![None; 6];
        expected.extend((1..5).map(Some));
        expected.extend((1..5).map(Some));
        assert_eq!(found(&lines), expected);
    }

    #[test]
    fn lines_that_do_not_stand_are_no_part_of_a_block() {
        let mut lines = [block("x"), block("y"), block("x")].concat();
        lines[1] = String::new();
        assert_eq!(found(&lines), vec![None; 12]);
    }

    #[test]
    fn short_blocks_and_blank_lines_stay() {
        let lines: Vec<String> = ["a", "b", "c", "", "", "", "", "a", "b", "c"].map(str::to_owned).to_vec();
        assert_eq!(found(&lines), vec![None; 10]);
        let blank = vec![String::new(); 9];
        assert_eq!(find(&blank.iter().map(String::as_str).collect::<Vec<_>>(), |_| true), vec![None; 9]);
    }

    #[test]
    fn two_hundred_thousand_lines_are_not_too_many() {
        let lines: Vec<&str> = (0..200_000).map(|n| ["x", "", "y", "x"][n % 4]).collect();
        let start = std::time::Instant::now();
        assert!(find(&lines, |_| true).iter().any(Option::is_some));
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }
}
