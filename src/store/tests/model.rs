//! Properties: the frame codec, and sequences of ops against a model.

use super::*;
use crate::store::journal::Part;
use crate::store::journal::frame::{self, Kind};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn parts() -> impl Strategy<Value = Vec<(Part, Vec<u8>)>> {
    let part = (any::<[u8; 4]>(), any::<i64>(), proptest::collection::vec(any::<u8>(), 0..60));
    let part = part.prop_map(|([kind, version, packed, state], job, body)| {
        let length = body.len() as u32;
        (Part { kind, version, packed: packed & 1 == 1, state, length, job: JobId(job) }, body)
    });
    proptest::collection::vec(part, 0..6)
}

proptest! {
    #[test]
    fn frames_are_read_as_written(salt: u64, sequence: u64, durable: u64, parts in parts()) {
        let (heads, bodies): (Vec<Part>, Vec<Vec<u8>>) = parts.into_iter().unzip();
        let mut bytes = Vec::new();
        frame::push(&mut bytes, salt, Kind::Ops, (sequence, durable), &heads, &bodies.concat());
        let header = frame::read(&bytes, salt).unwrap();
        prop_assert_eq!(header.frame_length(), bytes.len());
        prop_assert_eq!((header.sequence, header.durable_through), (sequence, durable));
        for (index, body) in bodies.iter().enumerate() {
            prop_assert_eq!(&bytes[header.body(index).unwrap()], body.as_slice());
        }
        prop_assert_eq!(header.parts, heads);
    }

    #[test]
    fn no_flipped_bit_and_no_other_salt_passes(
        salt: u64, other: u64, parts in parts(), at: prop::sample::Index, bit in 0..8_u8,
    ) {
        let (heads, bodies): (Vec<Part>, Vec<Vec<u8>>) = parts.into_iter().unzip();
        let mut bytes = Vec::new();
        frame::push(&mut bytes, salt, Kind::Ops, (5, 4), &heads, &bodies.concat());
        let whole = frame::read(&bytes, salt).unwrap();
        prop_assume!(other as u32 != salt as u32);
        prop_assert!(frame::read(&bytes, other).is_err());
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(frame::read(&bytes, salt).is_err());
        // In the header it is mended, in the payload it is not.
        let mended = frame::mend(&bytes, salt);
        prop_assert_eq!(mended, (at < whole.length()).then_some(whole));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), salt: u64) {
        prop_assert!(frame::read(&bytes, salt).is_err());
        prop_assert_eq!(frame::find(&bytes, 0, salt), None);
        prop_assert_eq!(frame::mend(&bytes, salt), None);
    }
}

/// What is done to the store.
#[derive(Clone, Debug)]
enum Step {
    Ops(Vec<(u8, u8, u16)>),
    Restart,
    CleanRestart,
    DeleteIndex,
    Copy,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ops = proptest::collection::vec((0..8_u8, 1..6_u8, 0..900_u16), 1..4);
    let step = prop_oneof![
        12 => ops.prop_map(Step::Ops),
        1 => Just(Step::Restart),
        1 => Just(Step::CleanRestart),
        1 => Just(Step::DeleteIndex),
        1 => Just(Step::Copy),
    ];
    proptest::collection::vec(step, 1..60)
}

/// What the store should hold of a job.
#[derive(Clone, Debug, Default, PartialEq)]
struct Modelled {
    record: Option<JobRecord>,
    texts: Option<JobTexts>,
    checkpoint: Option<Checkpoint>,
    committed: Epoch,
}

fn op((kind, id, size): (u8, u8, u16), model: &mut BTreeMap<JobId, Modelled>) -> Op {
    const STATES: [JobState; 5] = [
        JobState::Running,
        JobState::Finished,
        JobState::Failed,
        JobState::SavepointDone,
        JobState::Canceled,
    ];
    let job = JobId(i64::from(id));
    let known = model.entry(job).or_default();
    let op = match kind {
        _ if known.record.is_none() => submitted(job.0),
        0 => submitted(job.0),
        1 => Op::Committed { job, epoch: known.committed.next() },
        2 => Op::DropCheckpoint { job },
        7 if known.record.as_ref().is_some_and(|record| record.state.is_end()) => Op::Forget { job },
        3 => checkpoint(job.0, u64::from(size), usize::from(size) * 9),
        _ => {
            let mut record = record(job.0, STATES[usize::from(size) % STATES.len()]);
            record.waiting = Some("w".repeat(usize::from(size) * 9));
            Op::Record(Box::new(record))
        }
    };
    match &op {
        Op::Submitted { record, texts } => {
            (known.record, known.texts) = (Some(*record.clone()), Some(*texts.clone()));
        }
        Op::Record(record) => known.record = Some(*record.clone()),
        Op::Checkpoint { checkpoint, .. } => known.checkpoint = Some(*checkpoint.clone()),
        Op::Committed { epoch, .. } => known.committed = *epoch,
        Op::DropCheckpoint { .. } => known.checkpoint = None,
        Op::Forget { .. } => *known = Modelled::default(),
        Op::Tags(_) | Op::IdFloor(_) | Op::Resumed => {}
    }
    op
}

fn check(store: &Store, model: &BTreeMap<JobId, Modelled>) {
    let reader = store.reader();
    let mut counts = EndedCounts::default();
    let mut ended = Vec::new();
    for (job, expected) in model {
        assert_eq!(reader.record(*job).unwrap(), expected.record);
        assert_eq!(reader.texts(*job).unwrap(), expected.texts);
        let found = reader.checkpoint(*job).unwrap().map(|(checkpoint, _)| checkpoint);
        assert_eq!(found, expected.checkpoint);
        if let Some(record) = expected.record.as_ref().filter(|record| record.state.is_end()) {
            counts.add(record.state);
            ended.push(record.clone());
        }
    }
    let with: Vec<JobId> =
        model.iter().filter(|(_, known)| known.checkpoint.is_some()).map(|(job, _)| *job).collect();
    assert_eq!(reader.checkpoint_ids().unwrap(), with);
    ended.sort_by_key(|record| (record.ended, record.id));
    let all = EndedQuery { limit: 100, ..EndedQuery::default() };
    assert_eq!(reader.ended(&all).unwrap().records, ended);
    until("the index has caught up", || store.status().index_lag == 0);
    assert_eq!(reader.ended(&all).unwrap().records, ended);
    assert_eq!(reader.counts(), counts);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_ops_and_restarts_agrees_with_a_model(steps in steps(), deletes: bool) {
        let mut place = tempfile::tempdir().unwrap();
        let mut model = BTreeMap::new();
        // What was folded is deleted at once, or never.
        let grace = if deletes { Duration::ZERO } else { StoreOptions::default().grace };
        let options = folding(grace);
        let mut store = Store::open(place.path(), &options).unwrap().store;
        for step in steps {
            match step {
                Step::Ops(ops) => {
                    put(&store, ops.into_iter().map(|what| op(what, &mut model)).collect());
                    continue;
                }
                Step::Restart => drop(store),
                Step::CleanRestart => store.close().unwrap(),
                Step::DeleteIndex => {
                    drop(store);
                    std::fs::remove_dir_all(place.path().join("index")).unwrap();
                }
                Step::Copy => {
                    let copied = tempfile::tempdir().unwrap();
                    if deletes {
                        // Without a grace time only a copy at rest is whole.
                        drop(store);
                        copy(place.path(), copied.path());
                    } else {
                        copy(place.path(), copied.path());
                        drop(store);
                    }
                    place = copied;
                }
            }
            let opened = Store::open(place.path(), &options).unwrap();
            prop_assert_eq!(&opened.recovered.notes, &Vec::<String>::new());
            let live: Vec<JobId> = opened.recovered.live.iter().map(|job| job.record.id).collect();
            let expected = model.iter().filter(|(_, known)| known.record.as_ref().is_some_and(|r| !r.state.is_end()));
            prop_assert_eq!(live, expected.map(|(job, _)| *job).collect::<Vec<_>>());
            store = opened.store;
            check(&store, &model);
        }
        check(&store, &model);
    }
}
