//! What every change leaves behind: a line in the journal, its place in the feed of
//! changes, and an entry for the export.

pub(crate) mod changes;
pub(crate) mod cursor;
pub(crate) mod export;
pub(crate) mod journal;
pub(crate) mod telling;
