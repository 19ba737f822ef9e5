//! A PKCS#11 token made of software, for tests of keys in hardware: SoftHSM2, which Debian and Ubuntu have as `softhsm2`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::skip;

/// Names the configuration that SoftHSM2 reads. A process that uses the token needs it in its environment.
pub const VARIABLE: &str = "SOFTHSM2_CONF";
/// Its PIN.
pub const PIN: &str = "2718-2818";
/// Where distributions put the library.
const PLACES: [&str; 5] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];

/// A token of its own, in a folder that the test keeps.
pub struct SoftHsm {
    folder: PathBuf,
    module: &'static str,
}

impl SoftHsm {
    /// Makes a token labelled `test` in `folder`; `None` after saying that `what` is skipped where SoftHSM2 is missing.
    ///
    /// # Panics
    /// It is there and does not work.
    pub fn new(folder: &Path, what: &str) -> Option<Self> {
        let module = PLACES.into_iter().find(|place| Path::new(place).exists());
        let Some(module) = module.filter(|_| Command::new("softhsm2-util").arg("--version").output().is_ok()) else {
            skip(what, "SoftHSM2 is not installed (Debian, Ubuntu: apt install softhsm2)");
            return None;
        };
        let hsm = Self { folder: folder.to_owned(), module };
        let tokens = folder.join("tokens");
        let conf =
            format!("directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n", tokens.display());
        let made = fs::create_dir_all(&tokens).and_then(|()| fs::write(hsm.configuration(), conf));
        assert!(made.is_ok(), "{made:?}");
        hsm.write_pin(&hsm.pin_file(), PIN);
        let init = ["--init-token", "--free", "--label", "test", "--so-pin", "3141-5926", "--pin", PIN];
        let output = Command::new("softhsm2-util").args(init).env(VARIABLE, hsm.configuration()).output();
        assert!(output.as_ref().is_ok_and(|output| output.status.success()), "{output:?}");
        Some(hsm)
    }

    /// What [`VARIABLE`] must be.
    pub fn configuration(&self) -> PathBuf {
        self.folder.join("softhsm2.conf")
    }

    /// The file with the PIN.
    pub fn pin_file(&self) -> PathBuf {
        self.folder.join("pin")
    }

    /// A file of mode 0600 that holds `pin`.
    ///
    /// # Panics
    /// It cannot be written.
    pub fn write_pin(&self, path: &Path, pin: &str) {
        let written = fs::write(path, format!("{pin}\n"));
        let private = written.and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o600)));
        assert!(private.is_ok(), "{private:?}");
    }

    /// The token as a PKCS#11 URI.
    pub fn uri(&self) -> String {
        format!("pkcs11:token=test?module-path={}&pin-source=file:{}", self.module, self.pin_file().display())
    }
}
