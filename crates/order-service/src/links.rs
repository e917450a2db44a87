//! The planes' interfaces as the kernel tells of them: for readiness and as a gauge. The watch itself
//! tells the log of every change, once.

use crate::config::Config;
use crate::error::StartError;
use crate::health::Part;
use order_core::ports::Component;
use planes::{LinkWatch, Plane, PlaneLink};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio::sync::watch;

/// Every plane, and what is known of its interface.
#[derive(Debug)]
pub(crate) struct Links {
    planes: Vec<Plane>,
    /// None where no plane has an interface.
    watch: Option<LinkWatch>,
    up: Family<PlaneName, Gauge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PlaneName {
    plane: &'static str,
}

impl Links {
    /// Watches from here on. Fails where interfaces cannot be watched: readiness would not know of them.
    pub(crate) fn start(config: &Config, registry: &mut Registry) -> Result<Links, StartError> {
        let planes: Vec<Plane> = config.planes.all().into_iter().cloned().collect();
        let bound = planes.iter().any(|plane| plane.interface().is_some());
        let watch = bound.then(|| LinkWatch::start(planes.clone()));
        let links = Links {
            planes,
            watch: watch.transpose().map_err(StartError::Links)?,
            up: Family::default(),
        };
        registry.register(
            "plane_interface_up",
            "Whether the interface of a bound plane is there, up, with carrier and an address",
            links.up.clone(),
        );
        Ok(links)
    }

    /// Every plane, those that are not bound too.
    pub(crate) fn planes(&self) -> &[Plane] {
        &self.planes
    }

    /// The interfaces of the bound ones, as they are; nothing where none is bound.
    pub(crate) fn states(&self) -> Option<watch::Receiver<Vec<PlaneLink>>> {
        self.watch.as_ref().map(LinkWatch::states)
    }

    /// What health tells of each plane.
    pub(crate) fn health(&self) -> Vec<Part> {
        let states = self.watch.as_ref().map(LinkWatch::states);
        let part = |plane: &Plane| -> Part {
            let (plane, states) = (plane.clone(), states.clone());
            Box::new(move || {
                let states = states.as_ref().map(watch::Receiver::borrow);
                component(&plane, states.as_deref().map_or(&[], Vec::as_slice))
            })
        };
        self.planes.iter().map(part).collect()
    }

    /// Keeps the gauge until `stop` turns true.
    pub(crate) fn follow(
        &self,
        mut stop: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let states = self.watch.as_ref().map(LinkWatch::states);
        let up = self.up.clone();
        async move {
            let Some(mut states) = states else { return };
            loop {
                for link in states.borrow_and_update().iter() {
                    let plane = link.plane.kind().name();
                    let gauge = up.get_or_create(&PlaneName { plane });
                    gauge.set(i64::from(link.fault().is_none()));
                }
                tokio::select! {
                    changed = states.changed() => if changed.is_err() { return },
                    _ = stop.wait_for(|stop| *stop) => return,
                }
            }
        }
    }
}

/// A plane is up when its interface is there, up and has an address; an unbound one has none to lose.
fn component(plane: &Plane, states: &[PlaneLink]) -> Component {
    let state = states.iter().find(|link| link.plane == *plane);
    let fault = state.and_then(PlaneLink::fault);
    let interface = plane.interface().unwrap_or("not bound");
    Component {
        name: format!("plane-{}", plane.kind().name()),
        ok: fault.is_none(),
        required: true,
        detail: fault.map_or_else(
            || interface.to_owned(),
            |fault| format!("{interface}: {fault}"),
        ),
    }
}
