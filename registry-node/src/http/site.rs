//! What all handlers of one registry share: the registry itself, answers that are kept ready, and the bounds on what may go
//! on at once.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLockReadGuard};

use bytes::Bytes;
use conformity::ids::PartyId;
use conformity::records::Register;
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

use super::as_of::rows::Rows;
use super::attachments::ResultLists;
use super::catena_x::Partners;
use super::holders::{BRIDGED_EACH, CHECKPOINTS_EACH, Holders, Holding, OWN_EACH, Quotas};
use super::inquiry;
use super::live::Live;
use super::presentations::{AT_ONCE, Nonces};
use super::proofs::Proofs;
use super::room::Room;
use super::seats::Seats;
use super::{asyncapi, openapi};
use crate::buyer::watched::Watches;
use crate::core::published::Published;
use crate::core::registry::Registry;
use crate::core::requirements::Requirements;
use crate::problem::Problem;

/// Bytes of rendered answers that are kept ready.
const RENDERED_BYTES: usize = 16 * 1024 * 1024;
/// One unit of body: 1 KiB.
const BODY_UNIT: usize = 1024;
/// Units of small and of large bodies that are held at once. Two stores, for permits are given out in turn: a few large
/// bodies that come slowly must not keep every statement waiting.
const SMALL_BODY_UNITS: usize = 128 * 1024;
const LARGE_BODY_UNITS: usize = 256 * 1024;
/// Units of questions that are held at once. Anybody may ask: what strangers send must not keep a statement waiting.
const QUESTION_UNITS: usize = 16 * 1024;
/// Most units of a small body.
const SMALL_BODY: u32 = 128;
/// Bulk submissions that go on at once.
const BULKS: usize = 32;
/// Event readers that are given old events from the journal at once.
const CATCH_UPS: usize = 4;
/// Submitted checkpoints that are read and judged at once.
const SUBMISSIONS: usize = 16;

/// One registry, as HTTP shows it.
pub(super) struct Site {
    /// The registry.
    pub(super) registry: Arc<Registry>,
    /// The OpenAPI document.
    pub(super) openapi: Bytes,
    /// What is served as `/asyncapi.json`.
    pub(super) asyncapi: Bytes,
    /// Rendered answers about single records.
    pub(super) rendered: Rendered,
    /// Bundles that were made, and statements that many of them share.
    pub(super) proofs: Proofs,
    /// The newest published checkpoint.
    pub(super) published: Published,
    /// The digests of all result lists.
    pub(super) result_lists: ResultLists,
    /// Rows of result lists that newer ones replaced, as far as they were read.
    pub(super) rows: Rows,
    /// Catalogues and crosswalks that were read.
    pub(super) requirements: Requirements,
    /// Nonces that wait for presentations.
    pub(super) nonces: Nonces,
    /// Readers of the event stream that have all there is.
    pub(super) live: Arc<Live>,
    /// Seats of event streams.
    pub(super) seats: Seats,
    /// Memory for bodies.
    pub(super) bodies: Bodies,
    /// One permit for each bulk submission.
    pub(super) bulks: Arc<Semaphore>,
    /// What each holder of certificates may take of these two.
    pub(super) holders: Holders,
    /// The watchlists that events are read by.
    pub(super) watches: Watches,
    /// Memory for answers that have not left.
    pub(super) room: Room,
    /// One permit for each read of old events.
    pub(super) catch_ups: Semaphore,
    /// The same for the newest ones: the first of those who wait reads for all.
    pub(super) live_reads: Semaphore,
    /// How many checkpoints each holder of certificates may submit.
    pub(super) carriers: Quotas,
    /// How often each holder may read and change what it keeps here.
    pub(super) own: Quotas,
    /// How often partners may ask and send who come through a party's connector.
    pub(super) partners: Partners,
    /// How many inputs of trading networks each holder may have answered.
    pub(super) bridged: Quotas,
    /// How often each representative may ask on behalf of each of its members.
    pub(super) represented: Quotas<(PartyId, PartyId)>,
    /// One permit for each submitted checkpoint that is judged.
    pub(super) witnessing: Arc<Semaphore>,
    /// One permit for each presentation that is judged.
    pub(super) presenting: Arc<Semaphore>,
    /// One permit for each question with a body that is answered.
    pub(super) inquiries: Arc<Semaphore>,
}

impl Site {
    /// The site of `registry`.
    pub(super) fn new(registry: Arc<Registry>) -> Site {
        Site {
            openapi: openapi::document(&registry.config),
            asyncapi: asyncapi::document(&registry.config),
            rendered: Rendered::default(),
            proofs: Proofs::default(),
            published: Published::default(),
            result_lists: ResultLists::default(),
            rows: Rows::default(),
            requirements: Requirements::default(),
            nonces: Nonces::default(),
            live: Arc::default(),
            seats: Seats::new(&registry.config.limits, Arc::clone(&registry.metrics)),
            bodies: Bodies {
                small: Semaphore::new(SMALL_BODY_UNITS),
                large: Semaphore::new(LARGE_BODY_UNITS),
                questions: Semaphore::new(QUESTION_UNITS),
            },
            bulks: Arc::new(Semaphore::new(BULKS)),
            holders: Holders::default(),
            watches: Watches::default(),
            room: Room::new(registry.config.limits.answer_bytes()),
            catch_ups: Semaphore::new(CATCH_UPS),
            live_reads: Semaphore::new(1),
            carriers: Quotas::new(CHECKPOINTS_EACH),
            own: Quotas::new(OWN_EACH),
            partners: Partners::default(),
            bridged: Quotas::new(BRIDGED_EACH),
            represented: Quotas::new(BRIDGED_EACH),
            witnessing: Arc::new(Semaphore::new(SUBMISSIONS)),
            presenting: Arc::new(Semaphore::new(AT_ONCE)),
            inquiries: Arc::new(Semaphore::new(inquiry::AT_ONCE)),
            registry,
        }
    }

    /// The register, locked: the sequencer waits meanwhile, so nothing is rendered under it.
    pub(super) fn register(&self) -> RwLockReadGuard<'_, Register> {
        self.registry.read_model.register()
    }
}

/// The memory that bodies may take, one permit for each KiB.
pub(super) struct Bodies {
    small: Semaphore,
    large: Semaphore,
    questions: Semaphore,
}

/// What a body is for.
#[derive(Clone, Copy)]
pub(super) enum Purpose<'a> {
    /// It brings a statement of this holder of certificates, or what it keeps here.
    Statement(&'a Holding),
    /// It asks something or brings a checkpoint, whoever sends it.
    Question,
}

impl Bodies {
    /// Waits for memory for a body of `bytes`: of a statement first of what its holder may take, so that whoever sends many
    /// waits for itself.
    pub(super) async fn take<'a>(&'a self, bytes: usize, purpose: Purpose<'a>) -> Result<BodyPermit<'a>, AcquireError> {
        let units = u32::try_from(bytes.div_ceil(BODY_UNIT).max(1)).unwrap_or(u32::MAX);
        let Purpose::Statement(holding) = purpose else {
            return Ok(BodyPermit { _of_holder: None, _of_all: self.questions.acquire_many(units).await? });
        };
        let of_holder = Some(holding.bodies.acquire_many(units).await?);
        let store = if units <= SMALL_BODY { &self.small } else { &self.large };
        Ok(BodyPermit { _of_holder: of_holder, _of_all: store.acquire_many(units).await? })
    }
}

/// Memory for one body.
pub(super) struct BodyPermit<'a> {
    _of_holder: Option<SemaphorePermit<'a>>,
    _of_all: SemaphorePermit<'a>,
}

/// Answers about single records, rendered once for each value of the record.
///
/// Looking up is the hottest request and rendering is half of its cost. A record never changes, it is replaced by another;
/// so its address names its value for as long as it is kept here.
#[derive(Default)]
pub(super) struct Rendered(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    answers: HashMap<usize, (Arc<dyn Any + Send + Sync>, Bytes)>,
    bytes: usize,
}

impl Rendered {
    /// The answer about `record`, made by `render` unless it is kept.
    pub(super) fn answer<T: Send + Sync + 'static>(
        &self,
        record: &Arc<T>,
        render: impl FnOnce(&T) -> Result<Bytes, Problem>,
    ) -> Result<Bytes, Problem> {
        let address = Arc::as_ptr(record).addr();
        if let Some((_, answer)) = self.0.lock().unwrap_or_else(PoisonError::into_inner).answers.get(&address) {
            return Ok(answer.clone());
        }
        let answer = render(record)?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Answers to replaced records go with the rest, when the room is used up.
        if kept.bytes + answer.len() > RENDERED_BYTES {
            *kept = Kept::default();
        }
        kept.bytes += answer.len();
        kept.answers.insert(address, (Arc::<T>::clone(record), answer.clone()));
        Ok(answer)
    }
}
