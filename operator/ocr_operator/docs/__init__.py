"""Reference pages generated from code: fields of the CRD, reasons and chart values.

The running operator never imports it; it reads the other rooms and does not change what they say.
"""
