from django.apps import AppConfig


class ReservationsConfig(AppConfig):
    name = "reservations"

    def ready(self) -> None:
        from connectors import ports
        from reservations import handlers
        from reservations.services import places, testing

        handlers.register()
        ports.test_reservation.register(testing.remote_id_of_test)
        ports.places.register(places.names)
