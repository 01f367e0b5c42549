"""Pages: plain values → HTML that needs no network and no script. Shared by the reports and the sandbox."""
