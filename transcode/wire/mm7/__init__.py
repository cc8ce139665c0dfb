"""MM7: the SOAP that providers of services and message centres exchange."""
