//! Everything that a story needs: programs, a folder, and the children that play in it.
//!
//! In scope: putting the stage up, and waiting on it. Taking it down is the children's guard.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use super::children::Children;
use super::folder::Folder;
use super::ports::Ports;
use super::registry::Registry;
use super::stop::{Interrupted, Stop};
use crate::tools;
use crate::workspace::Workspace;

/// Between two attempts of something that is waited for.
const PAUSE: Duration = Duration::from_millis(20);

/// The place of one demo. Fields go in order: the children first, the folder's lock last.
#[derive(Debug)]
pub struct Stage {
    children: Children,
    stop: Stop,
    ports: Ports,
    program: PathBuf,
    nats_server: PathBuf,
    folder: Folder,
}

impl Stage {
    /// Builds and finds the programs, and clears the folder of that name in the target folder. Signals are ours from here on.
    ///
    /// # Errors
    /// When something does not build, cannot be fetched, or another stage stands in that folder.
    pub fn prepare(workspace: &Workspace, folder: &str) -> Result<Self> {
        let folder = Folder::claim(&workspace.target.join(folder))?;
        let nats_server = tools::nats_server(workspace)?;
        build(workspace, "registry-node")?;
        let program = workspace.program("registry-node");
        let stop = Stop::on_signals()?;
        Ok(Self { children: Children::new(stop.clone()), stop, ports: Ports::default(), program, nats_server, folder })
    }

    /// A registry with a folder and ports of its own; nothing runs yet.
    ///
    /// # Errors
    /// When there are not as many ports free.
    pub fn registry<const PORTS: usize>(&self, id: &str) -> Result<Registry<'_, PORTS>> {
        Ok(Registry::new(self, id, self.ports.pick()?))
    }

    /// Ports that are free, for what is no registry.
    ///
    /// # Errors
    /// When there are not as many.
    pub fn ports<const PORTS: usize>(&self) -> Result<[u16; PORTS]> {
        self.ports.pick()
    }

    /// The children, to start and end what is no registry.
    #[must_use]
    pub fn children(&self) -> &Children {
        &self.children
    }

    /// The folder of this stage.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder.path
    }

    /// The registry-node that was built.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The nats-server that was found.
    #[must_use]
    pub fn nats_server(&self) -> &Path {
        &self.nats_server
    }

    /// Tries until there is an answer. An attempt may answer `None` (not yet) or fail (not yet, and why).
    ///
    /// # Errors
    /// When there was none in time, with the last reason; when a child has ended; when we are asked to end.
    pub fn wait_until<T>(&self, what: &str, limit: Duration, attempt: impl FnMut() -> Result<Option<T>>) -> Result<T> {
        let guard = || {
            self.stop.check()?;
            self.children.check()
        };
        wait_until(what, limit, guard, attempt)
    }

    /// Until Ctrl-C, or until a child ends.
    ///
    /// # Errors
    /// When a child has ended.
    pub fn wait_for_stop(&self) -> Result<()> {
        while !self.stop.is_requested() {
            self.children.check()?;
            thread::sleep(PAUSE);
        }
        Ok(())
    }
}

/// With the dev profile: a release build costs a stranger minutes, and tests have built most of this one already.
fn build(workspace: &Workspace, package: &str) -> Result<()> {
    let mut command = workspace.cargo(&["build", "--locked", "--package", package]);
    let status = command.status().context("cargo cannot be started")?;
    if !status.success() {
        bail!("{package} does not build");
    }
    Ok(())
}

fn wait_until<T>(
    what: &str,
    limit: Duration,
    mut guard: impl FnMut() -> Result<()>,
    mut attempt: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        guard()?;
        let reason = match attempt() {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) => None,
            Err(error) if error.is::<Interrupted>() => return Err(error),
            Err(error) => Some(error),
        };
        if Instant::now() >= deadline {
            let waited = format!("waited {:.1} s for {what}", limit.as_secs_f64());
            return Err(match reason {
                Some(error) => error.context(waited),
                None => anyhow!(waited),
            });
        }
        thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    const SHORT: Duration = Duration::from_millis(100);

    #[test]
    fn what_comes_later_is_waited_for() {
        let mut attempts = 0;
        let answer = wait_until(
            "three",
            Duration::from_secs(30),
            || Ok(()),
            || {
                attempts += 1;
                match attempts {
                    1 => Ok(None),
                    2 => Err(anyhow!("refused")),
                    _ => Ok(Some(attempts)),
                }
            },
        );
        assert_eq!(answer.unwrap(), 3);
    }

    #[test]
    fn the_last_reason_is_told() {
        let error = wait_until::<()>("an answer", SHORT, || Ok(()), || Err(anyhow!("connection refused"))).unwrap_err();
        assert_eq!(format!("{error:#}"), "waited 0.1 s for an answer: connection refused");
        let error = wait_until::<()>("an answer", SHORT, || Ok(()), || Ok(None)).unwrap_err();
        assert_eq!(format!("{error:#}"), "waited 0.1 s for an answer");
    }

    #[test]
    fn the_guard_ends_the_waiting_at_once() {
        let started = Instant::now();
        let guard = || bail!("jp has ended");
        let error = wait_until::<()>("an answer", Duration::from_secs(60), guard, || Ok(None)).unwrap_err();
        assert_eq!(error.to_string(), "jp has ended");
        assert!(started.elapsed() < Duration::from_secs(30));
    }
}
