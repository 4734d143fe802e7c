from tests.pms import intake_server, pms, sandbox_process

__all__ = ["intake_server", "pms", "sandbox_process"]
