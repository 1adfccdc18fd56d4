"""`python -m services.notifications`."""

from services.notifications.wiring import build
from shared.web.app import serve

serve(build)
