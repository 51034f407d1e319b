//! What of a history is taken back? What a wrong clock noted, and what was believed of too many accounts alike.

use chrono::TimeDelta;

use super::{EvidenceRef, FUTURE_SKEW_MIN, History};
use crate::Timestamp;
use crate::observation::ProfileState;

impl History {
    /// Forgets whatever was read later than `now`: the clock was wrong then, and so is what those looks proved. A span
    /// that ends later is forgotten whole, for nobody can tell how much of it an honest look had proven before. Was there
    /// anything?
    pub fn forget_after(&mut self, now: Timestamp) -> bool {
        let latest = now + TimeDelta::minutes(FUTURE_SKEW_MIN);
        let backed =
            |evidence: &Option<EvidenceRef>| evidence.as_ref().is_none_or(|it| it.at <= latest);
        let mut forgot = false;
        self.proofs.retain(|_, proof| {
            if !proof.coverage.forget_after(latest) && backed(&proof.evidence) {
                return true;
            }
            forgot = true;
            proof.evidence = proof.evidence.take().filter(|it| it.at <= latest);
            !proof.coverage.is_empty()
        });
        for word in self.attested.values_mut() {
            forgot |= word.bare.forget_after(latest) | word.filed.forget_after(latest);
        }
        let looks = self.downloads.values_mut().chain(self.interaction.values_mut());
        forgot |= looks.fold(false, |any, looks| looks.forget_after(latest) | any);
        forgot |= self.states.forget_after(latest);
        forgot |= self.states_backing.forget_after(latest);
        let signs =
            self.downloads_backing.values_mut().chain(self.interaction_backing.values_mut());
        forgot |= signs.fold(false, |any, held| held.forget_after(latest) | any);
        let kept = self.sightings.len();
        self.sightings.retain(|seen| seen.first_seen <= latest);
        forgot |= kept != self.sightings.len();
        let sought = self.sought.len();
        self.sought.retain(|_, (at, _)| *at <= latest);
        forgot |= sought != self.sought.len();
        let links = self.links.len();
        self.links.retain(|_, (at, _)| *at <= latest);
        forgot |= links != self.links.len();
        let releases = self.releases.len();
        self.releases.retain(|_, (at, _)| *at <= latest);
        forgot |= releases != self.releases.len();
        forgot |= self.profile.take_if(|(at, ..)| *at > latest).is_some();
        forgot |= self.menu.take_if(|(at, _)| *at > latest).is_some();
        forgot
    }

    /// Withdraws what was believed of this account since then: that it has ended (any source), or that these sources do
    /// not offer it.
    pub fn withdraw(&mut self, sources: &[String], since: Timestamp) {
        let ended = |state: &ProfileState| state.is_bad();
        self.states.withdraw(since, ended);
        self.states_backing.withdraw(since, ended);
        for (_, looks) in self.downloads.iter_mut().filter(|(source, _)| sources.contains(source)) {
            looks.withdraw(since, |available| *available == Some(false));
        }
        let own = self.downloads_backing.iter_mut().filter(|(source, _)| sources.contains(source));
        for (_, backing) in own {
            backing.withdraw(since, |available| *available == Some(false));
        }
    }
}
