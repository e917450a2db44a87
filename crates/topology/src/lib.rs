//! The networks of a pod, what they carry, and which policies are held.
