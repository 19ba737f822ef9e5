//! What the shelf keeps, for whom, how much of it, and what it refuses.

#![allow(clippy::unwrap_used)]
use super::*;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Note(String);

impl Kept for Note {
    const KIND: Kind = Kind { name: "notes", values: 3, value_bytes: 40, all_bytes: 60 };
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Other(String);

impl Kept for Other {
    const KIND: Kind = Kind { name: "others", ..Note::KIND };
}

struct Room {
    shelf: Shelf,
    folder: tempfile::TempDir,
}

impl Room {
    fn open() -> Room {
        let folder = tempfile::tempdir().unwrap();
        Room { shelf: Shelf::new(Arc::new(Vault::open(folder.path()).unwrap())), folder }
    }

    fn reopened(self) -> Room {
        let Room { shelf, folder } = self;
        drop(shelf);
        Room { shelf: Shelf::new(Arc::new(Vault::open(folder.path()).unwrap())), folder }
    }

    fn put(&self, owner: &str, called: &str, text: &str, condition: Condition) -> Result<Version, ShelfError> {
        self.shelf.put(&party(owner), &name(called), &Note(text.to_owned()), condition, Timestamp::UNIX_EPOCH)
    }

    fn text(&self, owner: &str, called: &str) -> Option<String> {
        self.shelf.value::<Note>(&party(owner), &name(called)).unwrap().map(|shelved| shelved.value.0)
    }
}

fn party(id: &str) -> PartyId {
    id.parse().unwrap()
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

#[test]
fn each_owner_sees_its_own_and_it_outlives_the_process() {
    let room = Room::open();
    room.put("one", "a", "of one", Condition::Any).unwrap();
    room.put("other", "a", "of other", Condition::Any).unwrap();
    let room = room.reopened();
    assert_eq!(room.text("one", "a").as_deref(), Some("of one"));
    assert_eq!(room.text("other", "a").as_deref(), Some("of other"));
    assert_eq!(room.text("third", "a"), None);
    assert_eq!(room.shelf.value::<Other>(&party("one"), &name("a")).unwrap(), None, "another kind");
    let listed = room.shelf.list::<Note>(&party("one")).unwrap();
    assert_eq!(listed.iter().map(|one| (one.name.as_str(), one.bytes)).collect::<Vec<_>>(), [("a", 8)]);
    let owners = room.shelf.owners::<Note>().unwrap();
    let mut owners = owners.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
    owners.sort_unstable();
    assert_eq!(owners, [party("one"), party("other")]);
    assert!(room.shelf.owners::<Other>().unwrap().is_empty());
}

#[test]
fn neither_owner_nor_name_nor_value_is_readable_on_the_disk() {
    let room = Room::open();
    room.put("conspicuous-buyer", "conspicuous-name", "conspicuous text", Condition::Any).unwrap();
    let names = room.shelf.vault.names("").unwrap();
    assert!(names.iter().all(|name| !name.contains("conspicuous")), "{names:?}");
    for file in ["values.redb", "keys.redb"] {
        let bytes = std::fs::read(room.folder.path().join(file)).unwrap();
        assert!(!bytes.windows(11).any(|window| window == b"conspicuous"), "{file}");
    }
    assert!(!format!("{:?}", name("conspicuous")).contains("conspicuous"), "a log line would tell");
}

#[test]
fn a_change_is_made_to_what_its_condition_names() {
    let room = Room::open();
    let first = room.put("one", "a", "1", Condition::Absent).unwrap();
    let second = room.put("one", "a", "2", Condition::Exactly(first)).unwrap();
    let refused = [
        ("a", Condition::Absent),
        ("a", Condition::Exactly(first)),
        ("b", Condition::Present),
        ("b", Condition::Exactly(second)),
    ];
    for (called, condition) in refused {
        assert!(matches!(room.put("one", called, "3", condition), Err(ShelfError::Changed)), "{condition:?}");
        let removed = room.shelf.remove::<Note>(&party("one"), &name(called), condition);
        assert!(condition == Condition::Absent || matches!(removed, Err(ShelfError::Changed)), "{condition:?}");
    }
    assert_eq!(room.text("one", "a").as_deref(), Some("2"));
    assert!(room.shelf.remove::<Note>(&party("one"), &name("a"), Condition::Exactly(second)).unwrap());
    assert!(!room.shelf.remove::<Note>(&party("one"), &name("a"), Condition::Any).unwrap());
    let room = room.reopened();
    let third = room.put("one", "a", "3", Condition::Absent).unwrap();
    assert!(third > second, "no version comes again");
}

#[test]
fn one_owner_may_keep_so_much_and_others_have_theirs() {
    let room = Room::open();
    let long = "x".repeat(38);
    let refused = |put: Result<Version, ShelfError>| put.unwrap_err().to_string();
    assert!(refused(room.put("one", "a", &format!("{long}x"), Condition::Any)).contains("41 bytes"));
    room.put("one", "a", &long, Condition::Any).unwrap();
    assert!(refused(room.put("one", "b", &"x".repeat(19), Condition::Any)).contains("61 bytes in all"));
    room.put("one", "a", "short", Condition::Any).unwrap();
    room.put("one", "b", "x", Condition::Any).unwrap();
    room.put("one", "c", "x", Condition::Any).unwrap();
    assert!(refused(room.put("one", "d", "x", Condition::Any)).contains("3 notes"));
    room.put("one", "c", "replaced", Condition::Any).unwrap();
    room.put("other", "d", &long, Condition::Any).unwrap();
    room.shelf.remove::<Note>(&party("one"), &name("b"), Condition::Any).unwrap();
    room.put("one", "d", "x", Condition::Any).unwrap();
    assert_eq!((room.text("one", "c").as_deref(), room.text("one", "b")), (Some("replaced"), None));
}

#[test]
fn who_writes_and_removes_for_ever_fills_no_vault() {
    let room = Room::open();
    for number in 0..20 {
        let called = format!("n{number}");
        room.put("one", &called, "x", Condition::Any).unwrap();
        room.shelf.remove::<Note>(&party("one"), &name(&called), Condition::Any).unwrap();
    }
    assert_eq!(room.shelf.vault.names("shelf/").unwrap().len(), 1, "the contents alone");
    assert!(room.shelf.list::<Note>(&party("one")).unwrap().is_empty());
}

#[test]
fn a_removal_that_was_cut_off_leaves_nothing_to_read() {
    let room = Room::open();
    room.put("one", "a", "x", Condition::Any).unwrap();
    let place = format!("{}/0", shelf::<Note>(&room.shelf.vault, &party("one")));
    room.shelf.vault.erase(&place).unwrap();
    assert_eq!(room.text("one", "a"), None);
    assert!(room.shelf.list::<Note>(&party("one")).unwrap().is_empty());
    room.put("one", "a", "again", Condition::Any).unwrap();
    assert_eq!(room.text("one", "a").as_deref(), Some("again"));
}

#[test]
fn names_are_read_strictly() {
    for text in ["a", "A.b_c-1", &"n".repeat(64)] {
        assert_eq!(name(text).as_str(), text);
    }
    for text in ["", ".", "-a", "a/b", "ä", "a b", "a%", &"n".repeat(65)] {
        assert_eq!(text.parse::<Name>(), Err(NameError), "{text}");
    }
}

#[test]
fn changes_that_belong_together_are_all_made_or_none() {
    let room = Room::open();
    room.put("one", "a", "first", Condition::Any).unwrap();
    let owner = party("one");
    let at = Timestamp::UNIX_EPOCH;
    let refused = room.shelf.change(&owner, |draft| {
        draft.put(&name("b"), &Note("second".to_owned()), Condition::Absent, at)?;
        draft.remove::<Note>(&name("a"), Condition::Any)?;
        assert_eq!(draft.value::<Note>(&name("a"))?, None, "it reads what it would leave");
        draft.put(&name("b"), &Note("third".to_owned()), Condition::Absent, at)
    });
    assert!(matches!(refused, Err(ShelfError::Changed)));
    assert_eq!((room.text("one", "a").as_deref(), room.text("one", "b")), (Some("first"), None));

    let done: Result<Vec<String>, ShelfError> = room.shelf.change(&owner, |draft| {
        draft.remove::<Note>(&name("a"), Condition::Present)?;
        // The place that became free is used again.
        let version = draft.put(&name("b"), &Note("second".to_owned()), Condition::Absent, at)?;
        draft.put(&name("b"), &Note("third".to_owned()), Condition::Exactly(version), at)?;
        draft.put(&name("o"), &Other("of another kind".to_owned()), Condition::Absent, at)?;
        let listed = draft.list::<Note>()?;
        Ok(listed.into_iter().map(|one| one.name.to_string()).collect())
    });
    assert_eq!(done.unwrap(), ["b"]);
    let room = room.reopened();
    assert_eq!((room.text("one", "a"), room.text("one", "b").as_deref()), (None, Some("third")));
    assert!(room.shelf.value::<Other>(&owner, &name("o")).unwrap().is_some());
}

#[test]
fn of_two_who_decide_at_once_the_second_sees_what_the_first_did() {
    let room = Room::open();
    let first = |text: &str| -> Result<bool, ShelfError> {
        room.shelf.change(&party("one"), |draft| {
            if draft.value::<Note>(&name("a"))?.is_some() {
                return Ok(false);
            }
            // Long enough for the other to be there.
            std::thread::sleep(std::time::Duration::from_millis(20));
            draft.put(&name("a"), &Note(text.to_owned()), Condition::Any, Timestamp::UNIX_EPOCH)?;
            Ok(true)
        })
    };
    let won = std::thread::scope(|scope| {
        let both = ["x", "y"].map(|text| scope.spawn(move || first(text).unwrap()));
        both.map(|one| one.join().unwrap())
    });
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
}
