//! Files that are used while the service runs. Each is looked at every other second, so what it says is in
//! force soon; while it cannot be used, what it said before stays in force, which is told once.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::fmt::Display;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// How often files are looked at: a change is in force so soon.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Reads again what has changed; whether anything had. After an error everything is as it was.
type Reload = Box<dyn FnMut() -> Result<bool, String> + Send>;

/// Every file that is looked after, by the setting that names it.
#[derive(Default)]
pub(crate) struct Files {
    watched: Vec<Watched>,
    unusable: Family<Setting, Gauge>,
}

struct Watched {
    setting: &'static str,
    reload: Reload,
    /// Why it cannot be used, as it was told.
    failure: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Setting {
    setting: &'static str,
}

/// What there is to tell of a file.
#[derive(Debug, PartialEq, Eq)]
enum News {
    /// What it says now is in force.
    InForce,
    /// It cannot be used, for this reason.
    Unusable(String),
}

impl Files {
    /// None yet.
    pub(crate) fn new(registry: &mut Registry) -> Files {
        let files = Files::default();
        registry.register(
            "files_unusable",
            "Whether what a setting names has changed and cannot be used, so that what was read before is in force",
            files.unusable.clone(),
        );
        files
    }

    /// Looks after what `setting` names as well, which can be used now. `reload` reads again what has
    /// changed and says whether anything had; after an error it leaves everything as it was.
    pub(crate) fn watch<E: Display>(
        &mut self,
        setting: &'static str,
        mut reload: impl FnMut() -> Result<bool, E> + Send + 'static,
    ) {
        self.unusable.get_or_create(&Setting { setting }).set(0);
        self.watched.push(Watched {
            setting,
            reload: Box::new(move || reload().map_err(|error| error.to_string())),
            failure: None,
        });
    }

    /// Looks after them until `stop` turns true.
    pub(crate) async fn look_after(mut self, mut stop: watch::Receiver<bool>) {
        if self.watched.is_empty() {
            return;
        }
        while timeout(LOOK_EVERY, stop.wait_for(|stop| *stop))
            .await
            .is_err()
        {
            // Files may lie on a disk that is far.
            let looked = spawn_blocking(move || {
                for (setting, news) in self.look() {
                    tell(setting, &news);
                }
                self
            });
            match looked.await {
                Ok(back) => self = back,
                Err(error) => {
                    tracing::error!(%error, "files are not looked after any more");
                    return;
                }
            }
        }
    }

    /// Looks at each once, and gives what has not been told yet.
    fn look(&mut self) -> Vec<(&'static str, News)> {
        let mut all = Vec::new();
        for watched in &mut self.watched {
            let setting = watched.setting;
            let news = watched.look();
            all.extend(news.map(|news| (setting, news)));
            let unusable = i64::from(watched.failure.is_some());
            let gauge = self.unusable.get_or_create(&Setting { setting });
            gauge.set(unusable);
        }
        all
    }
}

impl Watched {
    fn look(&mut self) -> Option<News> {
        match (self.reload)() {
            Ok(changed) => {
                let was_unusable = self.failure.take().is_some();
                (changed || was_unusable).then_some(News::InForce)
            }
            Err(reason) if self.failure.as_ref() == Some(&reason) => None,
            Err(reason) => {
                self.failure = Some(reason.clone());
                Some(News::Unusable(reason))
            }
        }
    }
}

fn tell(setting: &'static str, news: &News) {
    match news {
        News::InForce => tracing::info!(setting, "what its file says now is in force"),
        News::Unusable(reason) => tracing::error!(
            setting,
            reason,
            "its file has changed and cannot be used; what it said before stays in force"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// A setting whose reloads end like these, one after the other.
    fn ending(ends: &[Result<bool, &'static str>]) -> Files {
        let mut ends: VecDeque<_> = ends.iter().copied().collect();
        let mut files = Files::default();
        files.watch("callers_file", move || ends.pop_front().unwrap());
        files
    }

    /// What is told look by look, and whether the gauge says that the file cannot be used.
    fn told(ends: &[Result<bool, &'static str>]) -> Vec<(Option<News>, bool)> {
        let mut files = ending(ends);
        let setting = "callers_file";
        let mut one = || {
            let mut news = files.look();
            assert!(news.len() <= 1 && news.iter().all(|(of, _)| *of == setting));
            let gauge = files.unusable.get_or_create(&Setting { setting }).get();
            (news.pop().map(|(_, news)| news), gauge == 1)
        };
        ends.iter().map(|_| one()).collect()
    }

    fn unusable(reason: &str) -> News {
        News::Unusable(reason.to_owned())
    }

    #[test]
    fn a_change_is_told_and_nothing_else_is() {
        let quiet = (None, false);
        let expected = [(None, false), (Some(News::InForce), false), quiet];
        assert_eq!(told(&[Ok(false), Ok(true), Ok(false)]), expected);
    }

    #[test]
    fn a_failure_is_told_once_until_it_changes_or_ends() {
        let looks = told(&[
            Err("line 2"),
            Err("line 2"),
            Err("line 2"),
            Err("line 3"),
            Err("line 3"),
            Ok(true),
            Ok(false),
            Err("line 3"),
        ]);
        let expected = [
            (Some(unusable("line 2")), true),
            (None, true),
            (None, true),
            (Some(unusable("line 3")), true),
            (None, true),
            (Some(News::InForce), false),
            (None, false),
            (Some(unusable("line 3")), true),
        ];
        assert_eq!(looks, expected);
    }

    #[test]
    fn a_file_that_is_as_it_was_before_it_failed_is_in_force_again() {
        let expected = [(Some(unusable("gone")), true), (Some(News::InForce), false)];
        assert_eq!(told(&[Err("gone"), Ok(false)]), expected);
    }

    #[test]
    fn one_file_says_nothing_of_another() {
        let mut files = ending(&[Err("broken")]);
        files.watch("admin_token_file", || Ok::<_, String>(true));
        let told = files.look();
        let expected = [
            ("callers_file", unusable("broken")),
            ("admin_token_file", News::InForce),
        ];
        assert_eq!(told, expected);
    }
}
