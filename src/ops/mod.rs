//! what surrounds the service: directories, logs, doctor, first run, systemd.
