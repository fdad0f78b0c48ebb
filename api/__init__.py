"""What people see and build on: REST, server-sent events, the dashboard and the audit."""
