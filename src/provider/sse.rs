//! Server-sent events from a stream of bytes, however it is cut.

/// One event of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Event {
    /// The `event:` field.
    pub(crate) name: String,
    /// The `data:` fields, joined by line feeds.
    pub(crate) data: Vec<u8>,
}

/// An event longer than this is not kept: the observer reads usage, which is short.
const LONGEST_EVENT: usize = 1 << 20;

/// Collects bytes until events are whole. Memory is bounded: an overlong event is forgotten, not kept.
#[derive(Debug, Default)]
pub(crate) struct Framing {
    line: Vec<u8>,
    event: Event,
    has_fields: bool,
    is_overlong: bool,
    after_return: bool,
}

impl Framing {
    /// Takes the next bytes and hands each event that they complete to `on_event`.
    pub(crate) fn push(&mut self, bytes: &[u8], mut on_event: impl FnMut(&Event)) {
        let mut rest = bytes;
        while let Some(at) = memchr::memchr2(b'\n', b'\r', rest) {
            let is_second_half = self.after_return && at == 0 && rest[0] == b'\n';
            self.after_return = rest[at] == b'\r';
            if !is_second_half {
                self.append(&rest[..at]);
                self.end_line(&mut on_event);
            }
            rest = &rest[at + 1..];
        }
        if !rest.is_empty() {
            self.after_return = false;
            self.append(rest);
        }
    }

    fn append(&mut self, bytes: &[u8]) {
        if self.line.len() + self.event.data.len() + bytes.len() > LONGEST_EVENT {
            self.is_overlong = true;
        }
        if !self.is_overlong {
            self.line.extend_from_slice(bytes);
        }
    }

    fn end_line(&mut self, on_event: &mut impl FnMut(&Event)) {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() && !self.is_overlong {
            if self.has_fields {
                on_event(&self.event);
            }
            self.event = Event::default();
            self.has_fields = false;
            return;
        }
        if line.is_empty() || self.is_overlong {
            // The blank line that ends the overlong event ends the forgetting too.
            self.is_overlong = !line.is_empty();
            self.event = Event::default();
            self.has_fields = false;
            return;
        }
        let (field, value) = match memchr::memchr(b':', &line) {
            Some(colon) => (&line[..colon], line[colon + 1..].strip_prefix(b" ").unwrap_or(&line[colon + 1..])),
            None => (&line[..], &[][..]),
        };
        match field {
            b"event" => self.event.name = String::from_utf8_lossy(value).into_owned(),
            b"data" => {
                if !self.event.data.is_empty() {
                    self.event.data.push(b'\n');
                }
                self.event.data.extend_from_slice(value);
            }
            _ => return,
        }
        self.has_fields = true;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(chunks: &[&[u8]]) -> Vec<Event> {
        let mut framing = Framing::default();
        let mut events = Vec::new();
        for chunk in chunks {
            framing.push(chunk, |event| events.push(event.clone()));
        }
        events
    }

    const STREAM: &[u8] =
        b"event: message_start\r\ndata: {\"a\":1}\r\n\r\n: ping\n\ndata: one\ndata:two\n\nevent: x\rdata: 3\r\r";

    #[test]
    fn fields_comments_and_all_three_line_ends_are_understood() {
        let found = events(&[STREAM]);
        assert_eq!(found.len(), 3);
        assert_eq!((found[0].name.as_str(), found[0].data.as_slice()), ("message_start", &b"{\"a\":1}"[..]));
        assert_eq!(found[1].data, b"one\ntwo");
        assert_eq!((found[2].name.as_str(), found[2].data.as_slice()), ("x", &b"3"[..]));
    }

    #[test]
    fn an_overlong_event_is_forgotten_and_the_next_one_is_seen() {
        let mut stream = b"data: ".to_vec();
        stream.extend(std::iter::repeat_n(b'x', LONGEST_EVENT + 10));
        stream.extend(b"\n\ndata: small\n\n");
        let found = events(&[&stream]);
        assert_eq!(found.iter().map(|event| event.data.as_slice()).collect::<Vec<_>>(), [b"small"]);
    }

    proptest! {
        #[test]
        fn framing_does_not_depend_on_how_the_stream_is_cut(cuts in prop::collection::vec(0..STREAM.len(), 0..12)) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            let mut chunks = Vec::new();
            let mut at = 0;
            for cut in cuts {
                chunks.push(&STREAM[at..cut]);
                at = cut;
            }
            chunks.push(&STREAM[at..]);
            prop_assert_eq!(events(&chunks), events(&[STREAM]));
        }
    }
}
