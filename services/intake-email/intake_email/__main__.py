"""`python -m intake_email`: this service as a process of its own."""

from intake_email.app import open_service
from intake_email.settings import Settings
from speakup.process import run

if __name__ == "__main__":
    run([open_service], Settings())
