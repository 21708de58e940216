//! The store through crashes, races, damage, time and growth.
#![expect(clippy::disallowed_methods, reason = "tests damage files and start processes on purpose")]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::slice::from_ref;
use std::sync::Barrier;
use std::sync::atomic::{AtomicI64, Ordering};
use std::{fs, thread};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::ccr::full_hash;
use crate::ccr::sqlite::expiry::Dropped;

/// A store's options under a clock that stands still until it is moved.
#[derive(Clone, Default)]
struct Clock(Arc<AtomicI64>);

impl Clock {
    fn pass(&self, time: Duration) {
        self.0.fetch_add(span(time), Ordering::SeqCst);
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + 20_000 * DAY + Duration::from_millis(self.0.load(Ordering::SeqCst).cast_unsigned())
    }

    fn options(&self) -> Options {
        let clock = self.clone();
        Options { clock: Arc::new(move || clock.now()), ..Options::default() }
    }
}

fn key(number: u32) -> Key {
    Key(*blake3::hash(&number.to_le_bytes()).as_bytes())
}

/// A decision that sends `sent` in place of `original` and names it.
fn decision(number: u32, original: &str, sent: &str) -> Decision {
    let row = Row {
        sent: Some(serde_json::to_string(sent).unwrap()),
        original_hash: full_hash(original),
        handles: vec![Handle::of(original)],
        compressor: "log".into(),
        version: 3,
        profile: "balanced".into(),
        tokens_before: 900,
        tokens_after: 100,
        reference: None,
    };
    Decision { key: key(number), row, original: Some(original.to_owned()) }
}

fn file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("home/store.db");
    (folder, path)
}

fn row(store: &Store, number: u32) -> Option<Found> {
    store.look_up(&[key(number)]).unwrap().remove(0)
}

#[test]
fn what_was_decided_is_found_again_after_a_restart() {
    let (_folder, path) = file();
    let decided = decision(1, "a long original", "short \"quoted\" \u{1F600}");
    assert_eq!(Store::open(&path).unwrap().decide("/p", from_ref(&decided)).unwrap(), from_ref(&decided.row));

    let store = Store::open(&path).unwrap();
    let found = store.look_up(&[key(2), key(1)]).unwrap();

    assert_eq!(found, [None, Some(Found { row: decided.row, original_missing: false })]);
    let original = store.get(&Handle::of("a long original")).unwrap().unwrap();
    assert_eq!((original.text.as_str(), original.project.as_str()), ("a long original", "/p"));
    assert_eq!(store.get(&Handle::of("another")).unwrap(), None);
}

#[test]
fn a_raw_decision_is_found_again_too() {
    let store = Store::in_memory().unwrap();
    let raw = Row { sent: None, handles: Vec::new(), ..decision(1, "x", "").row };
    store.decide("", &[Decision { key: key(1), row: raw.clone(), original: None }]).unwrap();
    assert_eq!(row(&store, 1), Some(Found { row: raw, original_missing: false }));
    assert_eq!(store.totals().unwrap().originals, 0);
}

#[test]
fn the_first_form_of_a_block_stays() {
    let store = Store::in_memory().unwrap();
    let first = decision(1, "original", "first");
    store.decide("", from_ref(&first)).unwrap();
    assert_eq!(store.decide("", &[decision(1, "original", "second")]).unwrap(), from_ref(&first.row));
    assert_eq!(row(&store, 1).unwrap().row, first.row);
}

#[test]
fn a_block_that_is_twice_in_one_request_gets_one_form() {
    let store = Store::in_memory().unwrap();
    let rows = store.decide("", &[decision(1, "original", "first"), decision(1, "original", "second")]).unwrap();
    assert_eq!(rows[0], rows[1]);
}

#[test]
fn two_proxies_that_race_agree_on_every_block() {
    let (_folder, path) = file();
    let start = Barrier::new(4);
    let race = |form: &'static str| {
        start.wait();
        // Opening races too: nobody has made the file yet.
        let store = Store::open(&path).unwrap();
        let decide = |number| store.decide("", &[decision(number, "original", form)]).unwrap().remove(0);
        (0..50).map(decide).collect::<Vec<_>>()
    };
    let all: Vec<Vec<Row>> = thread::scope(|scope| {
        let racers: Vec<_> = ["a", "b", "c", "d"].map(|form| scope.spawn(move || race(form))).into_iter().collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    });
    assert!(all.iter().all(|rows| *rows == all[0]));
}

#[test]
fn closing_leaves_one_file() {
    let (_folder, path) = file();
    Store::open(&path).unwrap().decide("", &[decision(1, "original", "short")]).unwrap();
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn threads_share_a_store() {
    fn assert_shared<T: Send + Sync>(_: &T) {}
    let (_folder, path) = file();
    let store = Store::open(&path).unwrap();
    assert_shared(&store);
    thread::scope(|scope| {
        for thread in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for number in 0..25 {
                    store.decide("", &[decision(thread * 100 + number, &number.to_string(), "s")]).unwrap();
                    assert!(row(store, thread * 100 + number).is_some(), "a proxy sees what it has just written");
                }
            });
        }
    });
    assert_eq!(store.totals().unwrap().decisions, 100);
}

#[test]
fn a_block_whose_handle_names_another_text_stays_raw() {
    let store = Store::in_memory().unwrap();
    store.put("", "mine").unwrap();
    lock(&store.writer).execute("UPDATE originals SET hash = zeroblob(32)", []).unwrap();

    assert!(!store.put("", "mine").unwrap());
    let rows = store.decide("", &[decision(1, "mine", "short")]).unwrap();

    assert_eq!((rows[0].sent.as_ref(), rows[0].handles.len()), (None, 0));
    assert_eq!((rows[0].compressor.as_str(), rows[0].tokens_after), (HANDLE_TAKEN, 900));
    assert_eq!(row(&store, 1).unwrap().row, rows[0], "and stays so");
}

#[test]
fn an_original_that_is_gone_is_missed_and_can_be_put_back() {
    let store = Store::in_memory().unwrap();
    let decided = decision(1, "original", "short");
    store.decide("", from_ref(&decided)).unwrap();
    let lose = || lock(&store.writer).execute("DELETE FROM originals", []).unwrap();

    lose();
    assert!(row(&store, 1).unwrap().original_missing);
    assert!(store.put("", "original").unwrap());
    assert!(!row(&store, 1).unwrap().original_missing);
    lose();
    store.decide("", &[decided]).unwrap();
    assert!(!row(&store, 1).unwrap().original_missing, "deciding again puts it back as well");
}

#[test]
fn a_reference_misses_the_earlier_block_it_names() {
    let store = Store::in_memory().unwrap();
    let mut reference = decision(1, "original", "see above");
    reference.row.handles.push(Handle::of("earlier"));
    store.decide("", &[reference]).unwrap();
    assert!(row(&store, 1).unwrap().original_missing);
    store.put("", "earlier").unwrap();
    assert!(!row(&store, 1).unwrap().original_missing);
}

/// A decision that points to earlier blocks, in each of the ways there are.
fn referring(number: u32, original: &str, sent: Option<&str>) -> Decision {
    let stands = [Stands::AsItCame, Stands::as_sent("\"x\""), Stands::Anyhow];
    let needs = stands.into_iter().zip(100..).map(|(stands, number)| Need { key: key(number), stands }).collect();
    let reference = Reference { sent: "\"see above\"".into(), needs, version: 7, tokens_after: 5 };
    let mut decision = decision(number, original, sent.unwrap_or_default());
    decision.row.sent = sent.map(str::to_owned);
    decision.row.reference = Some(reference);
    decision
}

#[test]
fn a_reference_and_the_form_without_it_are_found_again_together() {
    let (_folder, path) = file();
    let decisions = [referring(1, "original", Some("\"short\"")), referring(2, "as it came", None)];
    Store::open(&path).unwrap().decide("", &decisions).unwrap();
    let store = Store::open(&path).unwrap();
    for (number, decision) in (1..).zip(&decisions) {
        assert_eq!(row(&store, number), Some(Found { row: decision.row.clone(), original_missing: false }));
    }
}

#[test]
fn a_reference_whose_handle_names_another_text_is_none() {
    let store = Store::in_memory().unwrap();
    store.put("", "mine").unwrap();
    lock(&store.writer).execute("UPDATE originals SET hash = zeroblob(32)", []).unwrap();
    let rows = store.decide("", &[referring(1, "mine", None)]).unwrap();
    assert_eq!((rows[0].sent.as_ref(), rows[0].reference.as_ref()), (None, None));
}

#[test]
fn a_store_of_an_older_headroom_keeps_its_rows_and_takes_references() {
    let (_folder, path) = file();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let old = Connection::open(&path).unwrap();
    old.execute_batch(schema::FIRST_FORMAT).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    let hash = |text: &str| *blake3::hash(text.as_bytes()).as_bytes();
    old.execute(
        "INSERT INTO decisions (key, original_hash, handles, compressor, version, profile, tokens_before, tokens_after,
         created, used, sent) VALUES (?1, ?2, x'', 'log', 3, 'balanced', 900, 100, ?3, ?3, '\"short\"')",
        params![key(1).0, hash("original"), milliseconds(SystemTime::now())],
    )
    .unwrap();
    drop(old);

    let store = Store::open(&path).unwrap();
    let expected = Row { handles: Vec::new(), ..decision(1, "original", "short").row };
    assert_eq!(row(&store, 1), Some(Found { row: expected, original_missing: false }));
    let new = referring(2, "new", None);
    store.decide("", from_ref(&new)).unwrap();
    drop(store);
    assert_eq!(row(&Store::open(&path).unwrap(), 2).unwrap().row, new.row);
}

#[test]
fn a_damaged_original_is_never_handed_out() {
    let store = Store::in_memory().unwrap();
    store.put("", "what the agent read").unwrap();
    let other = zstd::bulk::compress(b"what nobody read...", 3).unwrap();
    lock(&store.writer).execute("UPDATE originals SET text = ?1", [other]).unwrap();
    let err = store.get(&Handle::of("what the agent read")).unwrap_err();
    assert!(matches!(err, Error::DamagedOriginal { .. }), "{err}");
}

#[test]
fn a_week_without_use_drops_row_and_original_together() {
    let clock = Clock::default();
    let store = Store::in_memory_with(clock.options()).unwrap();
    store.decide("", &[decision(1, "original", "short")]).unwrap();

    clock.pass(7 * DAY);
    assert_eq!(store.expire(clock.now()).unwrap(), Dropped::default());
    clock.pass(DAY + Duration::from_secs(1));

    assert_eq!(store.expire(clock.now()).unwrap(), Dropped { decisions: 1, originals: 1 });
    assert_eq!(row(&store, 1), None);
    assert_eq!(store.get(&Handle::of("original")).unwrap(), None);
}

#[test]
fn a_row_that_is_looked_up_keeps_itself_and_its_original() {
    let clock = Clock::default();
    let store = Store::in_memory_with(clock.options()).unwrap();
    store.decide("", &[decision(1, "original", "short"), decision(2, "other", "short")]).unwrap();
    for _ in 0..10 {
        clock.pass(2 * DAY);
        assert!(row(&store, 1).is_some());
        store.tidy().unwrap();
    }
    assert_eq!(row(&store, 2), None);
    assert!(!row(&store, 1).unwrap().original_missing);
}

#[test]
fn an_original_that_is_retrieved_keeps_itself() {
    let clock = Clock::default();
    let store = Store::in_memory_with(clock.options()).unwrap();
    store.put("", "original").unwrap();
    for _ in 0..10 {
        clock.pass(2 * DAY);
        assert!(store.get(&Handle::of("original")).unwrap().is_some());
        store.tidy().unwrap();
    }
}

#[test]
fn use_is_written_once_a_day_and_never_by_a_look_up() {
    let clock = Clock::default();
    let store = Store::in_memory_with(clock.options()).unwrap();
    store.decide("", &[decision(1, "original", "short")]).unwrap();
    store.tidy().unwrap();
    let changes = || lock(&store.writer).total_changes();
    let before = changes();

    clock.pass(Duration::from_secs(24 * 3600 - 1));
    assert!(row(&store, 1).is_some() && store.get(&Handle::of("original")).unwrap().is_some());
    store.tidy().unwrap();
    assert_eq!(changes(), before, "not within a day");
    clock.pass(Duration::from_secs(1));
    assert!(row(&store, 1).is_some());
    assert_eq!(changes(), before, "not by the look-up");
    store.note_use().unwrap();
    assert_eq!(changes(), before + 2, "one row and its original");
    assert!(row(&store, 1).is_some());
    store.note_use().unwrap();
    assert_eq!(changes(), before + 2, "not again");
}

#[test]
fn use_is_written_when_the_store_is_closed() {
    let (_folder, path) = file();
    let clock = Clock::default();
    Store::open_with(&path, clock.options()).unwrap().decide("", &[decision(1, "original", "short")]).unwrap();
    clock.pass(6 * DAY);
    assert!(row(&Store::open_with(&path, clock.options()).unwrap(), 1).is_some());
    clock.pass(6 * DAY);
    let store = Store::open_with(&path, clock.options()).unwrap();
    assert_eq!(store.tidy().unwrap(), Dropped::default());
    assert!(row(&store, 1).is_some());
}

#[test]
fn the_size_cap_drops_the_oldest_and_shrinks_the_file() {
    let (_folder, path) = file();
    let clock = Clock::default();
    let store = Store::open_with(&path, Options { max_bytes: 1 << 20, ..clock.options() }).unwrap();
    // Hashes do not compress: every original is about 64 kB in the file.
    let original = |number: u32| (0..2_000).map(|part| full_hash(&format!("{number} {part}"))).collect::<String>();
    for number in 0..40 {
        clock.pass(Duration::from_secs(1));
        store.decide("", &[decision(number, &original(number), "short")]).unwrap();
        store.tidy().unwrap();
    }
    assert!(store.totals().unwrap().stored_bytes <= 1 << 20);
    assert!(row(&store, 0).is_none() && store.get(&Handle::of(&original(0))).unwrap().is_none());
    assert!(!row(&store, 39).unwrap().original_missing, "the newest is there, whole");
    assert!(store.totals().unwrap().originals >= 8, "no more is dropped than must be");
    assert_eq!(store.totals().unwrap().originals, store.totals().unwrap().decisions);
    drop(store);
    assert!(fs::metadata(&path).unwrap().len() <= 1 << 20, "freed pages are given back");
}

#[test]
fn a_cap_that_nothing_fits_under_empties_the_store() {
    let store = Store::in_memory_with(Options { max_bytes: 1, ..Options::default() }).unwrap();
    store.decide("", &[decision(1, "original", "short")]).unwrap();
    assert_eq!(store.tidy().unwrap(), Dropped { decisions: 1, originals: 1 });
}

#[test]
fn the_store_is_the_users_alone() {
    let (_folder, path) = file();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let store = Store::open(&path).unwrap();
    store.put("", "secret").unwrap();
    let names: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(names.len(), 3, "the store, its log and its index: {names:?}");
    assert!(names.iter().all(|name| mode(name) == 0o600));
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    drop(store);

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    drop(Store::open(&path).unwrap());
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_file_that_is_no_store_is_reported_and_left_alone() {
    let (_folder, path) = file();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let garbage = b"this was a store once ".repeat(1_000);
    fs::write(&path, &garbage).unwrap();
    let err = Store::open(&path).err().unwrap();
    assert!(matches!(err, Error::Corrupt { .. }), "{err}");
    assert_eq!(fs::read(&path).unwrap(), garbage);
}

#[test]
fn pages_that_were_overwritten_are_reported() {
    let (_folder, path) = file();
    let many: Vec<_> = (0..200).map(|number| decision(number, &full_hash(&number.to_string()), "short")).collect();
    Store::open(&path).unwrap().decide("", &many).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[4096..].fill(0xA5);
    fs::write(&path, &bytes).unwrap();

    let failed = Store::open(&path).and_then(|store| store.look_up(&[key(7)]).map(|_| ()));

    assert!(matches!(failed, Err(Error::Corrupt { .. })), "{failed:?}");
}

#[test]
fn a_store_of_a_newer_headroom_is_refused() {
    let (_folder, path) = file();
    let store = Store::open(&path).unwrap();
    lock(&store.writer).pragma_update(None, "user_version", 99).unwrap();
    drop(store);
    let err = Store::open(&path).err().unwrap();
    assert!(matches!(err, Error::Newer { found: 99, .. }), "{err}");
}

#[test]
fn a_full_disk_leaves_nothing_half_written() {
    let (_folder, path) = file();
    let store = Store::open(&path).unwrap();
    store.decide("", &[decision(1, "original", "short")]).unwrap();
    let pages: u32 = lock(&store.writer).pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    lock(&store.writer).pragma_update(None, "max_page_count", pages + 4).unwrap();
    let large: String = (0..2_000).map(|part| full_hash(&part.to_string())).collect();

    let refused = store.decide("", &[decision(2, "small", "short"), decision(3, &large, "short")]);

    assert!(matches!(refused, Err(Error::Sqlite { action: "write", .. })), "{refused:?}");
    assert!(row(&store, 2).is_none() && row(&store, 3).is_none());
    assert!(store.get(&Handle::of("small")).unwrap().is_none());
    store.decide("", &[decision(4, "small", "short")]).unwrap();
    assert!(row(&store, 1).is_some() && row(&store, 4).is_some());
}

#[test]
fn a_store_that_cannot_be_written_is_still_read() {
    let (_folder, path) = file();
    Store::open(&path).unwrap().put("", "original").unwrap();
    let connection = schema::connect_read_only(&path).unwrap();
    let store = Store::of(&path, Options::default(), connection, None, false);
    assert_eq!(store.get(&Handle::of("original")).unwrap().unwrap().text, "original");
    assert!(store.decide("", &[decision(1, "original", "short")]).is_err());
    assert_eq!(store.tidy().unwrap(), Dropped::default());
}

#[test]
fn asking_for_an_original_makes_no_store() {
    let (_folder, path) = file();
    assert!(Store::open_existing(&path).unwrap().is_none());
    assert!(!path.parent().unwrap().exists());
    drop(Store::open(&path).unwrap());
    assert!(Store::open_existing(&path).unwrap().is_some());
}

const WRITER: &str = "ccr::sqlite::tests::writes_until_it_is_killed";
const WRITER_STORE: &str = "HEADROOM_TEST_STORE";
const BLOCKS_A_REQUEST: u32 = 5;

/// What the writer decides in its request `number`.
fn request(number: u32) -> Vec<Decision> {
    let one = |part| {
        let number = number * BLOCKS_A_REQUEST + part;
        let original: String = (0..300).map(|line| full_hash(&format!("{number} {line}"))).collect();
        decision(number, &original, "short")
    };
    (0..BLOCKS_A_REQUEST).map(one).collect()
}

/// Not a test of its own: the process that the next one starts and kills.
#[test]
fn writes_until_it_is_killed() {
    let Some(path) = std::env::var_os(WRITER_STORE) else { return };
    let store = Store::open(Path::new(&path)).unwrap();
    for number in 0..u32::MAX {
        store.decide("", &request(number)).unwrap();
        eprintln!("decided {number}");
    }
}

fn writer(path: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", WRITER, "--nocapture"]).env(WRITER_STORE, path);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_killed_writer_leaves_whole_requests_and_all_that_it_confirmed() {
    let (_folder, path) = file();
    for confirmed in [1, 4, 9] {
        let mut writer = writer(&path);
        let mut said = BufReader::new(writer.stderr.take().unwrap()).lines();
        let last = format!("decided {confirmed}");
        assert!(said.any(|line| line.unwrap() == last));
        writer.kill().unwrap();
        writer.wait().unwrap();

        let store = Store::open(&path).unwrap();
        for number in 0..confirmed + 20 {
            let decisions = request(number);
            let keys: Vec<_> = decisions.iter().map(|decision| decision.key).collect();
            let found: Vec<_> = store.look_up(&keys).unwrap().into_iter().flatten().collect();
            assert!(found.len() == decisions.len() || found.is_empty() && number > confirmed, "request {number}");
            for (decision, found) in decisions.iter().zip(found) {
                assert_eq!(found, Found { row: decision.row.clone(), original_missing: false });
                let original = store.get(&decision.row.handles[0]).unwrap().unwrap();
                assert_eq!(Some(original.text), decision.original);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_text_comes_back_as_it_was_put(text in any::<String>(), project in any::<String>()) {
        let store = Store::in_memory().unwrap();
        prop_assert!(store.put(&project, &text).unwrap());
        let original = store.get(&Handle::of(&text)).unwrap().unwrap();
        prop_assert_eq!((original.text, original.project), (text, project));
    }

    #[test]
    fn every_row_comes_back_as_it_was_decided(
        sent in any::<Option<String>>(),
        originals in prop::collection::vec(any::<String>(), 0..4),
        refers: bool,
    ) {
        let store = Store::in_memory().unwrap();
        let handles = originals.iter().map(|text| Handle::of(text)).collect();
        let reference = referring(1, "o", None).row.reference.filter(|_| refers);
        let decided = Row { sent, handles, reference, ..decision(1, "o", "").row };
        let decided = Decision { row: decided, ..decision(1, "o", "") };
        store.decide("", from_ref(&decided)).unwrap();
        prop_assert_eq!(row(&store, 1).unwrap().row, decided.row);
    }
}
