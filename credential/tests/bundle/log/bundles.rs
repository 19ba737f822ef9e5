//! Bundles of the log, as an honest node makes them and as others would like them.

use super::*;

impl Log {
    /// The bundle of V-1 that an honest node makes.
    pub(crate) fn bundle(&self) -> Bundle {
        let id = "V-1".parse().unwrap();
        let mut indexes = of_verdict(&self.register, &self.register.verdict(&id).unwrap(), u64::MAX).indexes;
        indexes.extend(self.register.newest_credential(&id).map(|record| record.issued.index));
        self.bundle_of("jp:V-1", &indexes.into_iter().collect::<Vec<_>>())
    }

    /// Of what eu:E-1 rests on here, without some.
    pub(crate) fn foreign_bundle_without(&self, left_out: &[u64]) -> Bundle {
        let record = self.register.recognition(&"eu:E-1".parse().unwrap()).unwrap();
        let mut indexes = of_recognition(&self.register, &record, None, u64::MAX).indexes;
        indexes.retain(|index| !left_out.contains(index));
        let (_, before) = record.entries.split_last().unwrap();
        let entry = |index: u64| base64_encode(&self.entries[index as usize].encode());
        let earlier = before.iter().map(|&index| Earlier { index, entry: entry(index) }).collect();
        self.bundle_with("eu:E-1", &indexes.into_iter().collect::<Vec<_>>(), earlier)
    }

    /// The bundle of what is made of eu:E-1.
    pub(crate) fn foreign_bundle(&self) -> Bundle {
        self.foreign_bundle_without(&[])
    }

    /// A bundle of these statements, and of entries without theirs.
    pub(crate) fn bundle_with(&self, verdict: &str, indexes: &[u64], earlier: Vec<Earlier>) -> Bundle {
        let size = self.tree.len();
        let bare = earlier.iter().map(|one| one.index);
        let mut all: Vec<u64> = indexes.iter().copied().chain(bare).chain([size - 1]).collect();
        all.sort_unstable();
        Bundle { earlier, proof: self.tree.multi_proof(&all, size).unwrap(), ..self.bundle_of(verdict, indexes) }
    }

    /// What the map says of a label: plain if it begins as those of verdicts do.
    pub(crate) fn map_proof(&self, label: &str) -> String {
        let Trees { blinded, verdicts, public } = &self.map;
        let (beside, (place, siblings)) = if label.starts_with("verdict/") {
            (Beside::Plain { blinded: blinded.root() }, verdicts.place(&MapKey::plain(label)))
        } else {
            let (output, vrf) = self.map_key.prove(label.as_bytes()).unwrap();
            (Beside::Blinded { verdicts: verdicts.root(), vrf }, blinded.place(&MapKey::of(&output)))
        };
        MapProof { seal: self.tree.len() - 1, public: public.root(), beside, place, siblings }.to_string()
    }

    /// The label of a verdict, one that is not there too.
    pub(crate) fn label(&self, verdict: &VerdictRef) -> String {
        match self.register.verdict(&verdict.id).filter(|_| verdict.registry.as_str() == "jp") {
            Some(record) => MapLabel::own(verdict.id.clone(), record.terms.profile).to_string(),
            None => format!("verdict/{}", verdict.to_string().trim_start_matches("jp:")),
        }
    }

    /// What the map says of what a verdict rests on by these statements, as somebody would prove it who holds the whole log.
    fn public_proof(&self, verdict: &VerdictRef, indexes: &[u64]) -> Vec<String> {
        let part = self.read(indexes);
        let basis = match (part.verdict(&verdict.id), part.recognition(verdict)) {
            (_, Some(record)) => of_recognition(&part, &record, None, u64::MAX),
            (Some(record), None) => of_verdict(&part, &record, u64::MAX),
            (None, None) => return Vec::new(),
        };
        let labels: Vec<String> = basis.labels.iter().map(MapLabel::to_string).collect();
        self.map.public.prove_public(labels.iter().map(String::as_str)).write()
    }

    /// What these statements say, up to the first that the rules refuse.
    pub(super) fn read(&self, indexes: &[u64]) -> Register {
        let mut register = Register::part();
        for &index in indexes {
            let compact = self.statements[index as usize].clone().unwrap();
            let unverified = jws::Unverified::parse(Bytes::from(compact)).unwrap();
            let digest = conformity::Digest::from_bytes(*unverified.digest().as_bytes());
            let attachment = self.attachments.get(&index).map(String::as_bytes);
            let kid = KeyId::from_bytes(*unverified.kid().as_bytes());
            let place = Place { index, at: self.at(index), kid, digest, attachment };
            let Ok(records) = decide(&register, &read_unverified(&unverified).unwrap(), &place) else { break };
            records.into_iter().for_each(|record| register.insert(record));
        }
        register
    }

    /// A bundle of these statements.
    pub(crate) fn bundle_of(&self, verdict: &str, indexes: &[u64]) -> Bundle {
        let size = self.tree.len();
        let items = indexes.iter().map(|&index| {
            let statement = self.statements[index as usize].clone().unwrap();
            let time_ms = self.entries[index as usize].time_ms;
            Arc::new(Item { index, time_ms, statement, attachment: self.attachments.get(&index).cloned() })
        });
        let all: Vec<u64> = indexes.iter().copied().chain([size - 1]).collect();
        Bundle {
            format: FORMAT.to_owned(),
            verdict: verdict.parse().unwrap(),
            origin: self.log_key.verifier().name().parse().unwrap(),
            checkpoint: self.checkpoint(&[0, 1]),
            last: base64_encode(&self.entries.last().unwrap().encode()),
            statements: items.collect(),
            earlier: Vec::new(),
            proof: self.tree.multi_proof(&all, size).unwrap(),
            map_proof: self.map_proof(&self.label(&verdict.parse().unwrap())),
            public_proof: self.public_proof(&verdict.parse().unwrap(), indexes),
            disclosures: Vec::new(),
        }
    }
}
