//! What the vault keeps, forgets, and refuses to open.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

mod faults;

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn values_survive_reopening_and_are_sealed_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    {
        let vault = Vault::open(folder.path()).unwrap();
        vault.put("peer/eu", b"the first secret").unwrap();
        vault.put("peer/eu", b"the second secret").unwrap();
    }
    let vault = Vault::open(folder.path()).unwrap();
    assert_eq!(vault.value("peer/eu").unwrap().unwrap(), b"the second secret");
    assert_eq!(vault.value("peer/us").unwrap(), None);
    let on_disk = std::fs::read(folder.path().join("values.redb")).unwrap();
    assert!(!contains(&on_disk, b"second secret"));
}

#[test]
fn an_erased_value_stays_unreadable_even_with_an_old_copy_of_the_values() {
    let folder = tempfile::tempdir().unwrap();
    let values = folder.path().join("values.redb");
    {
        let vault = Vault::open(folder.path()).unwrap();
        vault.put("x", b"secret").unwrap();
    }
    let backup = std::fs::read(&values).unwrap();
    Vault::open(folder.path()).unwrap().erase("x").unwrap();
    std::fs::write(&values, backup).unwrap();
    assert_eq!(Vault::open(folder.path()).unwrap().value("x").unwrap(), None);
}

#[test]
fn a_reader_never_sees_a_replacement_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(folder.path()).unwrap();
    vault.put("evidence", b"0").unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| (0..40).for_each(|number| vault.put("evidence", &[number]).unwrap()));
        while !writer.is_finished() {
            assert!(vault.value("evidence").unwrap().is_some());
        }
    });
}

#[test]
fn names_are_those_of_values() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(folder.path()).unwrap();
    assert!(vault.names("").unwrap().is_empty());
    for name in ["peer/us/3", "peer/eu/1", "peer/eu/1", "peer/jp/2", "witness/eu"] {
        vault.put(name, b"x").unwrap();
    }
    vault.erase("peer/jp/2").unwrap();
    // As a crash between the key and its value leaves it.
    for crashed in [slot("peer/eu/1", 3), slot("peer/eu/4", 1)] {
        insert(&vault.files().unwrap().1.keys, KEYS, &[(crashed, b"key".to_vec())]).unwrap();
    }
    assert_eq!(vault.names("peer/").unwrap(), ["peer/eu/1", "peer/us/3"]);
}

#[test]
fn refusals() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(folder.path()).unwrap();
    assert!(matches!(vault.put("x", &vec![0; MAX_VALUE_BYTES + 1]), Err(VaultError::TooLarge { .. })));
    drop(vault);
    let key = folder.path().join("vault.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(Vault::open(folder.path()).err().unwrap().to_string().contains("chmod 600"));
    std::fs::remove_file(&key).unwrap();
    assert!(Vault::open(folder.path()).err().unwrap().to_string().contains("restore it"));
}

#[test]
fn a_value_that_many_write_at_once_is_one_of_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(folder.path()).unwrap();
    let rounds = 8;
    std::thread::scope(|scope| {
        for writer in 0..4_u8 {
            let vault = &vault;
            scope.spawn(move || (0..rounds).for_each(|_| vault.put("x", &[writer]).unwrap()));
        }
    });
    assert!(vault.value("x").unwrap().unwrap()[0] < 4);
    assert_eq!(generation(&vault.files().unwrap().1, "x").unwrap(), 4 * rounds);
}

#[test]
fn a_value_moved_to_another_name_does_not_open() {
    let key = aead_key(&[7; KEY_BYTES]).unwrap();
    let sealed = seal(&key, &slot("a", 1), b"secret").unwrap();
    assert!(matches!(unseal(&key, &slot("b", 1), sealed), Err(VaultError::Sealed { .. })));
}

/// What rests in the file of keys for the first value of `name`.
fn wrapped_key(vault: &Vault, name: &str) -> Vec<u8> {
    read(&vault.files().unwrap().1.keys, KEYS, &slot(name, 1)).unwrap().unwrap()
}

fn keys_file(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join(KEYS_FILE)).unwrap()
}

#[test]
fn no_byte_of_an_erased_key_is_left_once_it_is_shredded() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(folder.path()).unwrap();
    for name in ["a", "b", "c"] {
        vault.put(name, name.as_bytes()).unwrap();
    }
    let (gone, stays) = (wrapped_key(&vault, "b"), wrapped_key(&vault, "c"));
    vault.erase("b").unwrap();
    assert!(contains(&keys_file(folder.path()), &gone), "free pages keep it, or shredding is for nothing");
    vault.shred().unwrap();
    assert!(!contains(&keys_file(folder.path()), &gone) && contains(&keys_file(folder.path()), &stays));
    vault.put("d", b"d").unwrap();
    drop(vault);
    let vault = Vault::open(folder.path()).unwrap();
    for (name, value) in [("a", true), ("b", false), ("c", true), ("d", true)] {
        assert_eq!(vault.value(name).unwrap(), value.then(|| name.as_bytes().to_vec()), "{name}");
    }
    assert!(!contains(&keys_file(folder.path()), &gone));
}

#[test]
fn a_crash_before_shredding_or_within_is_made_up_for() {
    let folder = tempfile::tempdir().unwrap();
    let gone = {
        let vault = Vault::open(folder.path()).unwrap();
        vault.put("a", b"a").unwrap();
        vault.put("b", b"b").unwrap();
        let gone = wrapped_key(&vault, "b");
        vault.erase("b").unwrap();
        gone
    };
    // The crash left a new file that nobody had put in place.
    std::fs::write(folder.path().join(NEW_KEYS_FILE), b"half of a file").unwrap();
    let vault = Vault::open(folder.path()).unwrap();
    assert!(!folder.path().join(NEW_KEYS_FILE).exists());
    vault.shred().unwrap();
    assert!(!contains(&keys_file(folder.path()), &gone), "that it is due outlives a restart");
    assert_eq!(vault.value("a").unwrap().unwrap(), b"a");
}

#[test]
fn nothing_is_rewritten_where_nothing_was_erased() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(folder.path()).unwrap();
    let file = || std::fs::metadata(folder.path().join(KEYS_FILE)).unwrap().ino();
    vault.put("a", b"1").unwrap();
    vault.put("a", b"2").unwrap();
    vault.erase("never there").unwrap();
    let before = file();
    vault.shred().unwrap();
    assert_eq!(file(), before);
    vault.erase("a").unwrap();
    vault.shred().unwrap();
    assert_ne!(file(), before);
}

#[test]
fn a_secret_is_the_same_in_one_vault_and_another_for_each_purpose() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = Vault::open(folder.path()).unwrap().secret("a store");
    let again = Vault::open(folder.path()).unwrap();
    assert_eq!(*again.secret("a store"), *first);
    assert_ne!(*again.secret("another"), *first);
    assert_ne!(*Vault::open(other.path()).unwrap().secret("a store"), *first);
    let begins: String = first.iter().take(PSEUDONYM_BYTES).map(|byte| format!("{byte:02x}")).collect();
    assert_ne!(again.pseudonym("a store"), begins, "what is told in names tells nothing of it");
}

#[test]
fn a_pseudonym_is_the_same_in_one_vault_and_tells_nothing_in_another() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = Vault::open(folder.path()).unwrap().pseudonym("V-1");
    let again = Vault::open(folder.path()).unwrap();
    assert_eq!((again.pseudonym("V-1"), first.len()), (first.clone(), 2 * PSEUDONYM_BYTES));
    assert_ne!(again.pseudonym("V-2"), first);
    assert_ne!(Vault::open(other.path()).unwrap().pseudonym("V-1"), first);
}

#[test]
fn many_are_stored_and_erased_at_once_as_one_is() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(folder.path()).unwrap();
    let many = |word: &str| -> Vec<_> {
        (0..70).map(|number| (format!("many/{number:02}"), format!("{word} {number}").into_bytes())).collect()
    };
    vault.put("many/07", b"before").unwrap();
    for word in ["first", "second"] {
        vault.put_all(&many(word)).unwrap();
        for (name, value) in many(word) {
            assert_eq!(vault.value(&name).unwrap(), Some(value), "{name}");
        }
    }
    let too_large = [many("third"), vec![("large".to_owned(), vec![0; MAX_VALUE_BYTES + 1])]].concat();
    assert!(matches!(vault.put_all(&too_large), Err(VaultError::TooLarge { .. })));
    assert_eq!(vault.value("many/00").unwrap(), Some(b"second 0".to_vec()), "all of them, or none");
    let names: Vec<_> = many("").into_iter().map(|(name, _)| name).collect();
    vault.erase_all(&names[1..]).unwrap();
    assert_eq!(vault.names("many/").unwrap(), names[..1]);
    assert_eq!(vault.value(&names[1]).unwrap(), None);
}
