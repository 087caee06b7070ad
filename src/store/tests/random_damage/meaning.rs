//! What a damage means, told from outside: from where the frames lay before, and which of their bytes were hit.

use super::Hit;
use crate::model::JobId;
use crate::store::archive::Base;
use crate::store::journal::{FrameHeader, Item, SegmentHeader, items, relative_path};
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A file with frames, before it was damaged.
#[derive(Debug)]
pub struct Framed {
    pub path: PathBuf,
    pub header: SegmentHeader,
    pub frames: Vec<(Range<u64>, FrameHeader)>,
}

impl Framed {
    fn read(path: PathBuf) -> Self {
        let bytes = std::fs::read(&path).unwrap();
        let header = SegmentHeader::decode(&bytes, "").unwrap().unwrap();
        let frames = items(&bytes, header.salt).into_iter().map(|item| match item {
            Item::Frame { offset, header, .. } => (offset..offset + header.frame_length() as u64, *header),
            Item::Bad { .. } => panic!("{} is not sound", path.display()),
        });
        let frames = frames.collect();
        Self { path, header, frames }
    }

    /// What of it was hit.
    fn hit(&self, hit: &Hit) -> Hits<'_> {
        let touches = |range: &Range<u64>| {
            hit.bytes.iter().any(|bytes| bytes.start < range.end && range.start < bytes.end)
        };
        let now = std::fs::read(&self.path).unwrap_or_default();
        let has_header =
            SegmentHeader::decode(&now, "").is_ok_and(|header| header.as_ref() == Some(&self.header));
        let is_hit = |range: &Range<u64>| !has_header || touches(range);
        let (hits, sound): (Vec<_>, Vec<_>) = self.frames.iter().partition(|(range, _)| is_hit(range));
        let front = |(range, header): &(Range<u64>, FrameHeader)| {
            is_hit(&(range.start..range.start + header.length() as u64))
        };
        let fronts = hits.iter().map(|frame| front(frame)).collect();
        Hits { has_header, hits, fronts, sound }
    }
}

struct Hits<'a> {
    /// Whether a copy of the file's header is sound.
    has_header: bool,
    /// The frames that were hit.
    hits: Vec<&'a (Range<u64>, FrameHeader)>,
    /// For each of them, whether its own header was.
    fronts: Vec<bool>,
    /// The others.
    sound: Vec<&'a (Range<u64>, FrameHeader)>,
}

/// The files of a data directory, before one of them was damaged.
#[derive(Debug)]
pub struct Layout {
    /// The segments behind the newest image, which are the ones that matter.
    pub journal: Vec<Framed>,
    /// The others.
    covered: Vec<Framed>,
    /// Files of the archive that the newest image names, and that image.
    pub archive: Vec<Framed>,
    base: Base,
    dir: PathBuf,
}

/// What a damage means.
#[derive(Debug, Default)]
pub struct Meaning {
    /// Jobs of which some bytes were hit.
    pub jobs: BTreeSet<JobId>,
    /// Jobs whose last changes may look as if they had never been: nothing is left that vouches for them.
    pub tail: BTreeSet<JobId>,
    /// Jobs that can be named, because what names them was not hit.
    pub named: BTreeSet<JobId>,
}

fn jobs(header: &FrameHeader) -> impl Iterator<Item = JobId> {
    header.parts.iter().map(|part| part.job)
}

impl Layout {
    pub fn of(dir: &Path) -> Self {
        let base = Base::find(dir).unwrap();
        assert_eq!(base.notes(false), Vec::<String>::new(), "it is sound");
        let segments = super::segments(dir).into_iter().map(Framed::read);
        let (journal, covered) = segments.partition(|segment| segment.header.number > base.covered());
        let image = base.image.iter();
        let numbers =
            image.flat_map(|image| image.head.files.iter().map(|file| file.number).chain([image.number]));
        let archive = numbers.map(|number| Framed::read(dir.join(relative_path(number)))).collect();
        Self { journal, covered, archive, base, dir: dir.to_owned() }
    }

    /// Where frames of a job lay, for people.
    pub fn frames_of(&self, job: JobId) -> Vec<(PathBuf, Range<u64>, u64)> {
        let files = self.covered.iter().chain(&self.archive).chain(&self.journal);
        let frames =
            files.flat_map(|file| file.frames.iter().map(move |(range, header)| (file, range, header)));
        let of_job = frames.filter(|(_, _, header)| jobs(header).any(|other| other == job));
        of_job.map(|(file, range, header)| (file.path.clone(), range.clone(), header.sequence)).collect()
    }

    /// What a damage means, as far as it can be told from outside.
    pub fn meaning(&self, hit: &Hit) -> Meaning {
        let position = self.journal.iter().position(|segment| segment.path == hit.file);
        if let Some(position) = position {
            return self.of_segment(position, hit);
        }
        let archived = self.archive.iter().find(|file| file.path == hit.file);
        archived.map(|file| self.of_archived(file, hit)).unwrap_or_default()
    }

    fn of_segment(&self, position: usize, hit: &Hit) -> Meaning {
        let mut meaning = Meaning::default();
        let segment = &self.journal[position];
        let Hits { has_header, hits, fronts, sound } = segment.hit(hit);
        for ((_, header), is_front) in hits.iter().zip(&fronts) {
            meaning.jobs.extend(jobs(header));
            if !is_front {
                meaning.named.extend(jobs(header));
            }
        }
        if fronts.contains(&true) {
            meaning.named.clear();
        }
        let first = hits.iter().map(|(_, header)| header.sequence).min();
        if let Some(first) = first.filter(|_| position + 1 == self.journal.len()) {
            let vouched = sound.iter().map(|(_, header)| header.durable_through);
            let vouched = vouched.fold(segment.header.durable_through(), u64::max);
            let vouched = if has_header { vouched } else { 0 };
            let lost = (segment.frames.iter())
                .filter(|(_, header)| header.sequence >= first && header.sequence > vouched);
            meaning.tail.extend(lost.flat_map(|(_, header)| jobs(header)));
            meaning.jobs.extend(&meaning.tail);
            meaning.named.retain(|job| !meaning.tail.contains(job));
        }
        meaning
    }

    fn of_archived(&self, file: &Framed, hit: &Hit) -> Meaning {
        let mut meaning = Meaning::default();
        let Hits { hits, fronts, .. } = file.hit(hit);
        let is_directory = |header: &FrameHeader| header.parts.iter().any(|part| part.kind == 12);
        let number = |base: &Base| base.image.as_ref().map(|image| image.number);
        let is_passed_over = number(&Base::find(&self.dir).unwrap()) != number(&self.base);
        if is_passed_over && self.can_do_without(file.header.number) {
            return meaning;
        }
        meaning.jobs.extend(hits.iter().flat_map(|(_, header)| jobs(header)));
        let is_nameless = hits.iter().any(|(_, header)| is_directory(header));
        if !(is_passed_over || hit.is_resized || hit.is_shifted || is_nameless) {
            // A single bad byte in a header is mended.
            let lost = hits.iter().zip(&fronts).filter(|(_, is_front)| !**is_front);
            let needed = lost.filter(|((_, header), _)| !self.is_over(header));
            meaning.named.extend(needed.flat_map(|((_, header), _)| jobs(header)));
        }
        meaning
    }

    /// Whether something newer is stored of a frame's job.
    fn is_over(&self, header: &FrameHeader) -> bool {
        let mut frames = self.archive.iter().chain(&self.journal).flat_map(|file| &file.frames);
        let job = jobs(header).next();
        frames
            .any(|(_, other)| other.sequence > header.sequence && jobs(other).any(|about| Some(about) == job))
    }

    /// Whether an older image, or the journal alone, tells the same.
    fn can_do_without(&self, lost: u64) -> bool {
        let others = self.base.images.iter().rev().filter(|image| image.number != lost);
        let names =
            |number: u64| others.clone().find(|image| image.head.files.iter().all(|f| f.number != number));
        let from = match names(lost) {
            Some(image) => image.head.covered.number,
            None => 0,
        };
        let all = || self.covered.iter().chain(&self.journal).map(|segment| &segment.header);
        let Some(mut header) = all().next_back() else { return false };
        while header.number > from {
            let Some(link) = header.link else { return from == 0 };
            match all().find(|before| before.number == link.number) {
                Some(before) => header = before,
                None => return link.number == from,
            }
        }
        header.number == from
    }
}
