from tests.pms import intake_server, sandbox_process

__all__ = ["intake_server", "sandbox_process"]
