from django.apps import AppConfig


class ReservationsConfig(AppConfig):
    name = "reservations"

    def ready(self) -> None:
        from connectors import ports
        from reservations import handlers
        from reservations.sequences import stopping
        from reservations.services import case, compare, places, sending, testing

        handlers.register()
        ports.test_reservation.register(testing.remote_id_of_test)
        ports.places.register(places.names)
        ports.live_stays.register(compare.live_stays)
        ports.side_by_side.register(compare.side_by_side)
        ports.stay_subject.register(case.subject)
        ports.obstacle.register(sending.obstacle)
        ports.cancelling.register(stopping.must_wait)
