//! What surrounds the service: directories, the lock against a second instance, logs, systemd, the
//! machine, the first run's greeting, and the doctor that looks at all of it.

pub mod directories;
pub mod doctor;
pub mod first_run;
pub mod lock;
pub mod logs;
pub mod machine;
pub mod systemd;
