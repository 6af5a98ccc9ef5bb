"""The integrator's service: keeps amoCRM deals in step with the visits of many clinics."""
